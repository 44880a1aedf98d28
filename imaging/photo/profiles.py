"""From a decoded picture of any colour space to upright 8-bit sRGB."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

#: Adobe RGB (1998): exponent of its tone curve.
_ADOBE_RGB_GAMMA = 563 / 256
#: Linear Adobe RGB to linear sRGB; both have the white point D65.
#: Adobe RGB (1998) Color Image Encoding, 4.3.5, and IEC 61966-2-1.
_ADOBE_RGB_TO_SRGB = np.array(
    [[1.39836, -0.39836, 0.0], [0.0, 1.0, 0.0], [0.0, -0.04293, 1.04293]], dtype=np.float32
)
#: Rows converted at a time, so that float copies of a large photo do not fill the memory.
_ROWS_AT_ONCE = 256

#: What EXIF orientation 2 to 8 asks for: swap the axes first, then turn rows and columns round.
_ORIENTATIONS: dict[int, tuple[bool, bool, bool]] = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def make_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return pixels (h, w, 3) turned and mirrored as EXIF `orientation` (1 to 8) asks."""
    is_swapped, has_rows_reversed, has_columns_reversed = _ORIENTATIONS[orientation]
    upright = pixels.transpose(1, 0, 2) if is_swapped else pixels
    if has_rows_reversed:
        upright = upright[::-1]
    if has_columns_reversed:
        upright = upright[:, ::-1]
    return np.ascontiguousarray(upright)


def flatten(image: Image.Image) -> tuple[Image.Image, bool]:
    """Lay a picture over white where it is transparent; return it and whether it was.

    White is what a cut-out photo is shown on, and it is recognised as over-exposed, not as skin.
    """
    has_alpha = image.mode in {"RGBA", "RGBa", "LA", "La", "PA"}
    if not has_alpha and "transparency" not in image.info:
        return image, False
    layer = image.convert("RGBA")
    if not np.any(np.asarray(layer.getchannel("A")) < 255):
        return layer.convert("RGB"), False
    ground = Image.new("RGBA", layer.size, (255, 255, 255, 255))
    ground.alpha_composite(layer)
    return ground.convert("RGB"), True


def to_srgb(
    image: Image.Image, *, icc: bytes | None, is_adobe_rgb: bool
) -> tuple[NDArray[np.uint8], bool]:
    """Return sRGB pixels and whether their colours are certain.

    Parameters
    ----------
    image : PIL image without transparency
        Of mode L, RGB, CMYK or LAB; other 8-bit modes are converted first.
    icc : bytes or None
        The embedded profile.  One that cannot be read or does not fit the picture is ignored.
    is_adobe_rgb : bool
        Whether the camera marked the photo so; a profile goes before it.

    Returns
    -------
    pixels : ndarray of uint8, shape (h, w, 3)
    is_certain : bool
        False when a profile was ignored, or a CMYK picture has none: ink colours are guessed then.
    """
    if image.mode not in {"L", "RGB", "CMYK", "LAB"}:
        image = image.convert("RGB")
    is_certain = True
    if icc:
        try:
            return np.asarray(_convert(image, icc)), True
        except (ImageCms.PyCMSError, OSError, ValueError):
            is_certain = False
    if image.mode == "LAB":
        return np.asarray(_convert_lab(image)), is_certain
    if image.mode == "CMYK":
        is_certain = False
    pixels = np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    if is_adobe_rgb and not icc:
        pixels = _adobe_rgb_to_srgb(pixels)
    return pixels, is_certain


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _convert(image: Image.Image, icc: bytes) -> Image.Image:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    # A photo that is sRGB already would only lose to rounding.
    if image.mode == "RGB" and ImageCms.getProfileDescription(profile).startswith("sRGB"):
        return image
    converted = ImageCms.profileToProfile(
        image,
        profile,
        _srgb(),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if converted is None:
        raise ValueError("no picture came back")
    return converted


def _convert_lab(image: Image.Image) -> Image.Image:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    converted = ImageCms.profileToProfile(image, lab, _srgb(), outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _adobe_rgb_to_srgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    linear = (np.arange(256, dtype=np.float32) / 255) ** np.float32(_ADOBE_RGB_GAMMA)
    out = np.empty_like(pixels)
    for row in range(0, len(pixels), _ROWS_AT_ONCE):
        part = linear[pixels[row : row + _ROWS_AT_ONCE]] @ _ADOBE_RGB_TO_SRGB.T
        part = np.clip(part, 0, 1)
        # IEC 61966-2-1, transfer function.
        encoded = np.where(part <= 0.0031308, 12.92 * part, 1.055 * part ** (1 / 2.4) - 0.055)
        out[row : row + _ROWS_AT_ONCE] = np.rint(255 * encoded)
    return out
