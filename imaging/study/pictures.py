"""Where the pictures of a photo stand below the output folder, and how they are written."""

from __future__ import annotations

import io
import os
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import OutputError, UsageError
from .writing import remove_file, write_bytes

#: Overlays are looked at, not measured: fine lines stay clean and files stay small.
JPEG_QUALITY = 90
#: The folders that pictures of a score or of a comparison are written into.
_FOLDERS = ("overlays", "masks", "comparisons")


def picture_path(kind: str, photo_id: str, ending: str) -> str:
    """Return the path of one picture relative to the output folder, POSIX style.

    The ending is appended to the whole `photo_id`, so that two photos never share a picture.

    Raises
    ------
    UsageError
        The `photo_id` would lead out of the output folder.
    """
    parts = PurePosixPath(photo_id).parts
    if (
        not parts
        or photo_id.startswith("/")
        or ".." in parts
        or "\\" in photo_id
        or "\0" in photo_id
        or parts[0].endswith(":")
    ):
        raise UsageError(
            f"The photo id {photo_id!r} would lead out of the output folder.",
            remedy="Rename the photo.",
        )
    return f"{kind}/{photo_id}{ending}"


def write_overlay(out_dir: Path, photo_id: str, pixels: NDArray[np.uint8]) -> str:
    """Write the overlay as JPEG, without any metadata; return its relative path."""
    return write_picture(out_dir, "overlays", photo_id, pixels)


def write_picture(out_dir: Path, kind: str, name: str, pixels: NDArray[np.uint8]) -> str:
    """Write one picture of a kind as JPEG, without any metadata; return its relative path."""
    path = picture_path(kind, name, ".jpg")
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="JPEG", quality=JPEG_QUALITY, subsampling=0)
    write_bytes(out_dir / path, content.getvalue())
    return path


def write_mask(out_dir: Path, photo_id: str, suffix: str, mask: NDArray[Any]) -> str:
    """Write one mask as PNG; a bool mask becomes 0 and 255, labels stay as they are."""
    path = picture_path("masks", photo_id, f"_{suffix}.png")
    values = mask.astype(np.uint8) * 255 if mask.dtype == np.bool_ else mask
    if values.dtype not in (np.uint8, np.uint16):
        largest = int(values.max(initial=0))
        values = values.astype(np.uint8 if largest < 256 else np.uint16)
    content = io.BytesIO()
    Image.fromarray(values).save(content, format="PNG")
    write_bytes(out_dir / path, content.getvalue())
    return path


def remove_outdated(out_dir: Path, before: tuple[str, ...], now: tuple[str, ...]) -> None:
    """Remove pictures of an earlier score that the new one did not draw again.

    The paths stand in a ledger that came with the folder: what is no picture below it stays.
    """
    for path in sorted(set(before) - set(now)):
        if _is_picture_of(out_dir, path):
            remove_file(out_dir / path)


def _is_picture_of(out_dir: Path, path: str) -> bool:
    """Tell whether a path leads below a folder of pictures, wherever links on the way lead."""
    top = Path(os.path.realpath(out_dir))
    # A name with a zero byte is none.
    place = top if "\0" in path else Path(os.path.realpath(out_dir / path))
    return any(top / folder in place.parents for folder in _FOLDERS)


def are_present(out_dir: Path, pictures: tuple[str, ...], *, with_masks: bool) -> bool:
    """Tell whether every picture asked for was written and is still there."""
    wanted = [p for p in pictures if with_masks or p.startswith("overlays/")]
    if with_masks and not any(p.startswith("masks/") for p in pictures):
        return False
    try:
        return bool(wanted) and all((out_dir / path).is_file() for path in wanted)
    except OSError as err:
        raise OutputError(f"{out_dir} cannot be read: {err.strerror}.") from err
