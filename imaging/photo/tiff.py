"""The first page of a TIFF: 8 bits through Pillow, more through tifffile or OpenCV."""

from __future__ import annotations

import io
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ..errors import TruncatedPhotoError, UnsupportedPhotoError
from ..settings import PhotoSettings
from .raster import Decoded, check_size, compose, decode_16_bit, to_8_bit

#: More channels than CMYK and alpha is no photo, and would fill the memory.
_MAX_SAMPLES = 5
_TIFF_REDUCED = 1
_TIFF_DNG_VERSION = 50706
_TIFF_ICC = 34675
_TIFF_MAX_SAMPLE_VALUE = 281
#: Bits per sample, and offsets and lengths of strips and tiles.
_TIFF_WHERE_PIXELS_ARE = frozenset({258, 273, 279, 324, 325})
#: Bytes of one value of type SHORT, LONG, LONG8.
_TIFF_TYPE_BYTES = {3: 2, 4: 4, 16: 8}


def decode_tiff(content: bytes, settings: PhotoSettings) -> Decoded:
    _check_directory(content)
    with tifffile.TiffFile(io.BytesIO(content)) as tiff:
        # Untyped on purpose: tifffile's page is described by a hundred loose attributes.
        page: Any = tiff.pages.first
        check_size(page.imagewidth, page.imagelength, settings=settings)
        check_size(
            max(page.imagewidth, page.tilewidth),
            max(page.imagelength, page.tilelength),
            settings=settings,
        )
        _check_tiff(page, content)
        icc = page.tags.valueof(_TIFF_ICC)
        orientation = int(page.tags.valueof(274, 1))
        flags = ("first_page_only",) if _has_second_page(tiff) else ()
        if page.bitspersample > 8:
            samples = _tiff_samples(page, content)
            image = _tiff_image(page, samples)
        else:
            image = TiffImagePlugin.TiffImageFile(io.BytesIO(content))
            image.load()
            orientation = 1  # Pillow has turned a TIFF by now, and only a TIFF.
    return Decoded(
        image,
        "TIFF",
        icc=bytes(icc) if icc else None,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        flags=flags,
    )


def _check_directory(content: bytes) -> None:
    """Raise `TruncatedPhotoError` when the first directory, which often stands last, is cut."""
    order: Literal["little", "big"] = "little" if content[:2] == b"II" else "big"
    is_big = 43 in content[2:4]
    start, width, count_width = (8, 8, 8) if is_big else (4, 4, 2)

    def number(at: int, length: int) -> int:
        return int.from_bytes(content[at : at + length], order)

    first = number(start, width) + count_width
    entry = 4 + 2 * width
    end = first + entry * number(first - count_width, count_width)
    is_cut = len(content) < start + width or not start + width < first < end <= len(content)
    for at in () if is_cut else range(first, end, entry):
        length = number(at + 4, width) * _TIFF_TYPE_BYTES.get(number(at + 2, 2), 1)
        if number(at, 2) in _TIFF_WHERE_PIXELS_ARE and length > width:
            is_cut = is_cut or number(at + 4 + width, width) + length > len(content)
    if is_cut:
        raise TruncatedPhotoError(f"The TIFF breaks off after {len(content)} bytes.")


def _check_tiff(page: Any, content: bytes) -> None:
    """Raise unless the page is a whole photo of at most 16 bits and all its bytes are there."""
    if _TIFF_DNG_VERSION in page.tags or page.subfiletype & _TIFF_REDUCED or content[8:10] == b"CR":
        raise UnsupportedPhotoError("The file is a camera raw file, or begins with a thumbnail.")
    kind = page.sampleformat
    if page.bitspersample > 16 or kind not in {1, 4} or page.samplesperpixel > _MAX_SAMPLES:
        raise UnsupportedPhotoError(
            f"The TIFF has {page.samplesperpixel} samples of {page.bitspersample} bits "
            f"(sample format {int(kind)})."
        )
    if page.imagedepth != 1:
        raise UnsupportedPhotoError("The TIFF is a volume, not a photo.")
    offsets, counts = page.dataoffsets, page.databytecounts
    is_short = not offsets or len(offsets) != len(counts) or 0 in counts
    if page.compression == 1 and not is_short:
        bits = page.imagewidth * page.samplesperpixel * page.bitspersample
        is_short = sum(counts) < page.imagelength * (bits // 8)
    if is_short or max(o + n for o, n in zip(offsets, counts, strict=True)) > len(content):
        raise TruncatedPhotoError(f"The TIFF breaks off after {len(content)} bytes.")


def _has_second_page(tiff: tifffile.TiffFile) -> bool:
    if len(tiff.pages) < 2:
        return False
    second: Any = tiff.pages[1]
    return not getattr(second, "subfiletype", 0) & _TIFF_REDUCED


def _tiff_samples(page: Any, content: bytes) -> NDArray[np.uint16]:
    """Return the samples of a page with more than 8 bits, shape (h, w) or (h, w, samples)."""
    try:
        samples = page.asarray(maxworkers=1)
    except ValueError:
        # tifffile leaves LZW and a few more to a package that we do not need: OpenCV reads them.
        return decode_16_bit(content)
    samples = np.asarray(samples)
    if samples.ndim == 3 and page.planarconfig == 2:
        samples = np.moveaxis(samples, 0, -1)
    if samples.dtype != np.uint16 or samples.ndim not in {2, 3}:
        raise UnsupportedPhotoError(f"The TIFF has samples of type {samples.dtype}.")
    return samples


def _tiff_image(page: Any, samples: NDArray[np.uint16]) -> Image.Image:
    """Return samples of a page as a picture in its own colour space, laid over white."""
    stated = page.tags.valueof(_TIFF_MAX_SAMPLE_VALUE, 0)
    white = int(max(np.atleast_1d(np.asarray(stated))))
    if not 255 < white <= 65535:
        white = (1 << page.bitspersample) - 1
    photometric = int(page.photometric)
    if photometric == 0:  # WhiteIsZero
        samples = white - np.minimum(samples, white).astype(np.uint16)
    if photometric not in {0, 1, 2, 5}:
        raise UnsupportedPhotoError(
            f"The TIFF has more than 8 bits in colour space {page.photometric.name}."
        )
    is_premultiplied = 1 in page.extrasamples
    colours = {0: 1, 1: 1, 2: 3, 5: 4}[photometric]
    samples = samples.reshape(*samples.shape[:2], -1)
    if photometric == 5:
        return Image.frombytes(
            "CMYK",
            (samples.shape[1], samples.shape[0]),
            to_8_bit(np.ascontiguousarray(samples[..., :4]), white=white).tobytes(),
        )
    return compose(samples[..., : colours + 1], white, is_premultiplied=is_premultiplied)
