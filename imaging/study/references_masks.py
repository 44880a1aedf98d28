"""Masks as PNG files, of the photo's size or refused before they are unpacked."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ReferenceMismatchError, TableError
from ..records import Photo
from .annotations import read_limited

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Bytes up to the end of width and height.
_HEADER_BYTES = 24
#: OpenCV gives four channels where there is transparency, the last of which is no part of a mask.
_COLOURS = 3


def read_mask(path: Path, photo: Photo) -> NDArray[np.bool_]:
    """Return where a PNG is not 0, ndarray of bool of the photo's shape.

    Raises
    ------
    ReferenceMismatchError
        It is no PNG, is broken, or has another size than the photo.
    """
    try:
        content = read_limited(path)
    except TableError as err:
        raise ReferenceMismatchError(err.message) from err
    if not content.startswith(_SIGNATURE) or len(content) < _HEADER_BYTES:
        raise ReferenceMismatchError(f"{path.name} is no PNG.", remedy="Export masks as PNG.")
    width, height = struct.unpack_from(">II", content, 16)
    if (width, height) != (photo.width_px, photo.height_px):
        # Told by the header: a small file can unpack to gigabytes.
        raise ReferenceMismatchError(
            f"The mask {path.name} is {width} by {height} px, the photo {photo.photo_id!r} "
            f"{photo.width_px} by {photo.height_px} px."
        )
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != (height, width):
        raise ReferenceMismatchError(
            f"The mask {path.name} is broken.", remedy="Export it again as PNG."
        )
    colours = np.atleast_3d(pixels)[..., :_COLOURS]
    return np.asarray(colours.max(axis=2) > 0, np.bool_)
