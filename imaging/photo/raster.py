"""What decoders share: the decoded picture, the limits on its size, and 16-bit samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import (
    NotAPhotoError,
    PhotoTooLargeError,
    PhotoTooSmallError,
    UnsupportedPhotoError,
)
from ..settings import PhotoSettings
from .formats import Format


@dataclass(frozen=True)
class Decoded:
    """An 8-bit picture as stored, and what is needed to show it upright and in sRGB."""

    image: Image.Image
    source_format: Format
    icc: bytes | None = None
    orientation: int = 1
    is_adobe_rgb: bool = False
    dicom_px_per_mm: float | None = None
    flags: tuple[str, ...] = ()


def check_size(width_px: int, height_px: int, *, settings: PhotoSettings) -> None:
    """Raise when a picture of this size is too large to decode or too small to measure."""
    megapixels = width_px * height_px / 1e6
    if megapixels > settings.max_megapixels:
        raise PhotoTooLargeError(
            f"The photo has {width_px} × {height_px} px = {megapixels:.4g} MP, "
            f"more than {settings.max_megapixels} MP."
        )
    if min(width_px, height_px) < settings.min_side_px:
        raise PhotoTooSmallError(
            f"The photo has {width_px} × {height_px} px; "
            f"the shorter side must have {settings.min_side_px}."
        )


def to_8_bit(samples: NDArray[np.uint16], *, white: int = 65535) -> NDArray[np.uint8]:
    """Return 16-bit samples as 8-bit ones, rounded; `white` is the value that becomes 255."""
    table = np.arange(65536, dtype=np.float64) * (255 / white)
    narrowed: NDArray[np.uint8] = np.rint(np.minimum(table, 255)).astype(np.uint8)[samples]
    return narrowed


def decode_16_bit(content: bytes) -> NDArray[Any]:
    """Return 16-bit samples (h, w) or (h, w, channels), red first, decoded by OpenCV.

    Raises
    ------
    NotAPhotoError, UnsupportedPhotoError
        Not decodable, or not of 16 bits.
    """
    pixels = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise NotAPhotoError("The picture cannot be decoded.")
    if pixels.dtype != np.uint16:
        raise UnsupportedPhotoError(f"The picture has samples of type {pixels.dtype}.")
    if pixels.ndim == 3 and pixels.shape[2] >= 3:
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    return pixels


def compose(
    samples: NDArray[np.uint16], white: int, *, is_premultiplied: bool = False
) -> Image.Image:
    """Return samples (h, w, 1 to 4) as L, LA, RGB or RGBA of 8 bits."""
    narrowed = to_8_bit(samples, white=white)
    channels = narrowed.shape[2]
    if is_premultiplied and channels in {2, 4}:
        rgb = narrowed[..., :3] if channels == 4 else narrowed[..., :1].repeat(3, axis=2)
        stack = np.concatenate([rgb, narrowed[..., -1:]], axis=2)
        size = (stack.shape[1], stack.shape[0])
        return Image.frombytes("RGBa", size, stack.tobytes()).convert("RGBA")
    return Image.fromarray(narrowed[..., 0] if channels == 1 else narrowed)
