"""The report's small pictures of the overlays, and the names that a blinded report gives them."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from .pictures import picture_path
from .writing import whole_file, write_bytes

#: Longer side of a thumbnail: twice its width on the page, for screens with fine pixels.
LONGER_SIDE_PX = 300

#: By kind of picture: two or three panels side by side need more to be told apart.
SIDES_PX = {"overlays": LONGER_SIDE_PX, "comparisons": 1100}

#: About 20 kB each: a thousand photos take 20 MB.
JPEG_QUALITY = 78


@dataclass(frozen=True)
class Picture:
    """Overlay of a photo and its thumbnail as URLs relative to the report; "" for none."""

    overlay: str = ""
    thumbnail: str = ""
    width_px: int = 0
    height_px: int = 0


def make_picture(
    out_dir: Path, photo_id: str, *, code: str = "", kind: str = "overlays"
) -> Picture:
    """Return where the pictures of a photo lie; a missing or older thumbnail is made.

    Parameters
    ----------
    out_dir : Path
    photo_id : str
    code : str
        Of a blinded report: the pictures are then found under this name in ``blinded/``, since a
        path such as ``armA/week12/1.jpg`` would tell.
    kind : {"overlays", "comparisons"}
        Which picture of the photo.
    """
    overlay = out_dir / picture_path(kind, photo_id, ".jpg")
    if not overlay.is_file():
        return Picture()
    if code:
        shown = picture_path("blinded", code, ".jpg")
        with overlay.open("rb") as source, whole_file(out_dir / shown) as copy:
            shutil.copyfileobj(source, copy)
        small = picture_path("blinded", f"{code}_small", ".jpg")
    else:
        shown = picture_path(kind, photo_id, ".jpg")
        folder = "thumbnails" if kind == "overlays" else f"{kind}_small"
        small = picture_path(folder, photo_id, ".jpg")
    size = _make_thumbnail(overlay, out_dir / small, side_px=SIDES_PX[kind])
    if size is None:
        return Picture(overlay=quote(shown))
    return Picture(quote(shown), quote(small), *size)


def _make_thumbnail(overlay: Path, small: Path, *, side_px: int) -> tuple[int, int] | None:
    """Make the thumbnail unless a newer one is there; return its size, None when unreadable."""
    try:
        if small.is_file() and small.stat().st_mtime_ns >= overlay.stat().st_mtime_ns:
            with Image.open(small) as image:
                return image.size
    except OSError:
        pass  # an unreadable thumbnail is made again
    try:
        with Image.open(overlay) as image:
            # The decoder scales by eighths while it reads: a tenth of the time of a full decode.
            image.draft("RGB", (side_px, side_px))
            picture = image.convert("RGB")
    except OSError:
        return None
    picture.thumbnail((side_px, side_px))
    content = io.BytesIO()
    picture.save(content, format="JPEG", quality=JPEG_QUALITY)
    write_bytes(small, content.getvalue())
    return picture.size
