"""From a file's bytes to an 8-bit picture and what the file says of it; one decoder per format.

Every decoder looks at the size in the header, checks it against the limits, and only then decodes.
Pillow's plug-ins are called by name, never through ``Image.open``: the content decides, and no
other plug-in comes into play.  Pillow turns 16-bit colour silently into 8 bits by cutting off, so
those go through OpenCV or tifffile and are rounded here.
"""

from __future__ import annotations

import importlib
import io
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from ..errors import (
    DecoderMissingError,
    NotAPhotoError,
    PhotoTooLargeError,
    TruncatedPhotoError,
    UnsupportedPhotoError,
)
from ..settings import PhotoSettings
from .formats import (
    Format,
    check_bmp,
    check_jpeg,
    exif_orientation,
    is_adobe_rgb,
    require_format,
    split_png,
    webp_size,
)
from .raster import Decoded, check_size, compose, decode_16_bit, to_8_bit
from .tiff import decode_tiff

#: What decoders raise for bytes they cannot make sense of.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    cv2.error,
)
#: Row and column spacing of a DICOM photo further apart than this are no single scale.
_MAX_SPACING_MISMATCH = 0.01
#: The UID of Deflated Explicit VR Little Endian, a DICOM file that is compressed as a whole.
_DEFLATED_DICOM = b"1.2.840.10008.1.2.1.99"


def decode(content: bytes, *, settings: PhotoSettings) -> Decoded:
    """Return the picture that a file holds.

    Raises
    ------
    PhotoError
        Not a photo, truncated, unsupported, too large, too small, or its decoder is not installed.
    """
    source_format = require_format(content)
    decoder = _DECODERS[source_format]
    try:
        with _silence():
            return decoder(content, settings)
    except (MemoryError, Image.DecompressionBombError) as err:
        raise PhotoTooLargeError(f"The {source_format} does not fit into memory.") from err
    except _DECODER_ERRORS as err:
        if "truncated" in str(err).lower():
            raise TruncatedPhotoError(f"The {source_format} is incomplete: {err}.") from err
        raise NotAPhotoError(f"The {source_format} cannot be decoded: {err}.") from err


@contextmanager
def _silence() -> Iterator[None]:
    """Keep decoders from warning and logging of odd metadata, which is checked here or harmless."""
    loggers = [logging.getLogger(name) for name in ("tifffile", "pydicom")]
    before = [logger.disabled for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.disabled = True
        try:
            yield
        finally:
            for logger, was_disabled in zip(loggers, before, strict=True):
                logger.disabled = was_disabled


# --- One decoder per format ----------------------------------------------------------------------


def _decode_jpeg(content: bytes, settings: PhotoSettings) -> Decoded:
    check_jpeg(content)
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(content))
    check_size(*image.size, settings=settings)
    image.load()
    exif = image.info.get("exif", b"")
    return Decoded(
        image,
        "JPEG",
        icc=image.info.get("icc_profile"),
        orientation=exif_orientation(exif),
        is_adobe_rgb=is_adobe_rgb(exif),
    )


def _decode_png(content: bytes, settings: PhotoSettings) -> Decoded:
    parts = split_png(content)
    check_size(*struct.unpack_from(">II", content, 16), settings=settings)
    if parts.bit_depth == 16:
        image = compose(np.atleast_3d(decode_16_bit(parts.content)), 65535)
    else:
        image = PngImagePlugin.PngImageFile(io.BytesIO(parts.content))
        check_size(*image.size, settings=settings)
        image.load()
    flags: tuple[str, ...] = ("first_page_only",) if parts.is_animated else ()
    if parts.is_profile_broken:
        flags += ("colour_uncertain",)
    orientation = exif_orientation(parts.exif)
    return Decoded(image, "PNG", icc=parts.icc, orientation=orientation, flags=flags)


def _decode_webp(content: bytes, settings: PhotoSettings) -> Decoded:
    check_size(*webp_size(content), settings=settings)
    image = WebPImagePlugin.WebPImageFile(io.BytesIO(content))
    image.load()
    info = image.info
    return Decoded(
        image,
        "WebP",
        icc=info.get("icc_profile"),
        orientation=exif_orientation(info.get("exif", b"")),
        flags=("first_page_only",) if getattr(image, "is_animated", False) else (),
    )


def _decode_bmp(content: bytes, settings: PhotoSettings) -> Decoded:
    image = BmpImagePlugin.BmpImageFile(io.BytesIO(content))
    check_size(*image.size, settings=settings)
    check_bmp(content)
    image.load()
    return Decoded(image, "BMP")


def _decode_heic(content: bytes, settings: PhotoSettings) -> Decoded:
    heif = _import_extra("pillow_heif", extra="heic", what="HEIC")
    try:
        photo = heif.open_heif(io.BytesIO(content), convert_hdr_to_8bit=True)
    except (EOFError, ValueError, RuntimeError) as err:
        raise TruncatedPhotoError(f"The HEIC is incomplete or damaged: {err}.") from err
    check_size(*photo.size, settings=settings)
    try:
        image: Image.Image = photo.to_pillow()
        image.load()
    except (EOFError, ValueError, RuntimeError, OSError) as err:
        raise TruncatedPhotoError(f"The HEIC is incomplete or damaged: {err}.") from err
    # The decoder applies the container's own rotation and mirror; EXIF repeats it.
    return Decoded(image, "HEIC", icc=photo.info.get("icc_profile"))


def _decode_dicom(content: bytes, settings: PhotoSettings) -> Decoded:
    pydicom = _import_extra("pydicom", extra="dicom", what="DICOM")
    # The whole file is inflated, a thousandfold at worst, before any of it can be asked for its
    # size.  The UID is sought in all bytes: where the file's own header ends is for it to say.
    if _DEFLATED_DICOM in content:
        raise UnsupportedPhotoError(
            f"The DICOM file names the deflated transfer syntax ({_DEFLATED_DICOM.decode()}).",
            remedy="Save it as Explicit VR Little Endian, or export the photo as JPEG or PNG.",
        )
    broken = (pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException)
    try:
        return _decode_dataset(pydicom.dcmread(io.BytesIO(content)), settings)
    except broken as err:
        raise NotAPhotoError(f"The DICOM file cannot be decoded: {err}.") from err


def _decode_dataset(dataset: Any, settings: PhotoSettings) -> Decoded:
    if "PixelData" not in dataset:
        raise NotAPhotoError("The DICOM file holds no picture, or its end is missing.")
    check_size(int(dataset.Columns), int(dataset.Rows), settings=settings)
    if int(dataset.BitsAllocated) not in {8, 16} or int(dataset.SamplesPerPixel) not in {1, 3}:
        raise UnsupportedPhotoError("The DICOM picture is not of 8 or 16 bits, grey or colour.")
    pixel_array = importlib.import_module("pydicom.pixels").pixel_array
    try:
        samples = pixel_array(dataset, index=0)
    except (ValueError, EOFError) as err:
        raise TruncatedPhotoError(f"The DICOM picture is incomplete: {err}.") from err
    except RuntimeError as err:
        raise UnsupportedPhotoError(f"The DICOM picture cannot be unpacked: {err}.") from err
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        samples = importlib.import_module("pydicom.pixels").apply_color_lut(samples, dataset)
        white = 65535 if samples.dtype == np.uint16 else 255
    else:
        white = (1 << int(dataset.BitsStored)) - 1
    if samples.dtype.kind != "u":
        raise UnsupportedPhotoError("The DICOM picture has signed samples.")
    narrowed = to_8_bit(samples.astype(np.uint16), white=white)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        narrowed = 255 - narrowed
    return Decoded(
        Image.fromarray(narrowed),
        "DICOM",
        icc=dataset.get("ICCProfile"),
        dicom_px_per_mm=_dicom_px_per_mm(dataset),
        flags=("first_page_only",) if int(dataset.get("NumberOfFrames") or 1) > 1 else (),
    )


_DECODERS: dict[Format, Callable[[bytes, PhotoSettings], Decoded]] = {
    "JPEG": _decode_jpeg,
    "PNG": _decode_png,
    "TIFF": decode_tiff,
    "BMP": _decode_bmp,
    "WebP": _decode_webp,
    "HEIC": _decode_heic,
    "DICOM": _decode_dicom,
}


# --- Shared --------------------------------------------------------------------------------------


def _import_extra(module: str, *, extra: str, what: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise DecoderMissingError(
            f"{what} photos need the package {module}, which is not installed.",
            remedy=f"Install it with pip install 'dermetry[{extra}]', or export the photo as JPEG.",
        ) from err


def _dicom_px_per_mm(dataset: Any) -> float | None:
    """Return the scale by pixel spacing in the object's plane, or None when there is none."""
    spacing = dataset.get("PixelSpacing")
    if spacing is None:
        groups = dataset.get("SharedFunctionalGroupsSequence") or [{}]
        measures = groups[0].get("PixelMeasuresSequence") or [{}]
        spacing = measures[0].get("PixelSpacing")
    if spacing is None or isinstance(spacing, (str, float)) or len(spacing) != 2:
        return None
    rows_mm, columns_mm = float(spacing[0]), float(spacing[1])
    is_usable = math.isfinite(rows_mm) and math.isfinite(columns_mm) and min(spacing) > 0
    if not is_usable or abs(rows_mm / columns_mm - 1) > _MAX_SPACING_MISMATCH:
        return None
    return 2 / (rows_mm + columns_mm)
