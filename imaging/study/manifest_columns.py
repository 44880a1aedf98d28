"""The columns that a manifest may have, and what each of their cells may hold."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

#: Either returns None, or what is wrong with the cell.
CellCheck = Callable[[str], str | None]


@dataclass(frozen=True)
class ManifestColumn:
    """One column with a meaning of its own: what it says, and the check of its cells."""

    name: str
    meaning: str
    check: CellCheck


def _any_text(text: str) -> str | None:
    del text
    return None


def _one_of(*choices: str) -> CellCheck:
    def check(text: str) -> str | None:
        return None if text in choices else f"is not one of {', '.join(choices)}"

    return check


def _date(text: str) -> str | None:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None:
        try:
            datetime.date.fromisoformat(text)
        except ValueError:
            return "is not a day of the calendar"
        return None
    return "is not a date as 2026-03-31 (year-month-day)"


def _number(*, is_whole: bool = False, above_zero: bool = False) -> CellCheck:
    wanted = "whole number" if is_whole else "number"
    limit = "above 0" if above_zero else "of at least 0"

    def check(text: str) -> str | None:
        if "," in text:
            return "holds a comma; write decimals with a point"
        try:
            value = float(text)
        except ValueError:
            return f"is not a {wanted}"
        if not math.isfinite(value) or (is_whole and value != int(value)):
            return f"is not a {wanted}"
        if value < 0 or (above_zero and value == 0):
            return f"is not a {wanted} {limit}"
        return None

    return check


#: An outline drawn by hand has a hundred points at most.
_MAX_CORNERS = 1000
#: No photo reaches as far, and what fills polygons counts in 32 bits.
_FARTHEST_PX = 1e6


def polygon_of(text: str) -> tuple[tuple[float, float], ...]:
    """Return the corners of a polygon given as ``x y, x y, x y``; semicolons part them as well.

    Raises
    ------
    ValueError
        With what is wrong, to be put behind the text.
    """
    pairs = [pair.split() for pair in re.split(r"[,;]", text) if pair.strip()]
    if len(pairs) > _MAX_CORNERS:
        raise ValueError(f"has {len(pairs)} points; {_MAX_CORNERS} is the limit")
    try:
        corners = tuple((float(x), float(y)) for x, y in pairs)
    except ValueError as err:
        raise ValueError("is not a list of points as 'x y, x y, x y'") from err
    if len(corners) < 3:
        raise ValueError(f"has {len(corners)} of the three points or more of a polygon")
    # Not-a-number fails every comparison.
    if not all(abs(value) <= _FARTHEST_PX for corner in corners for value in corner):
        raise ValueError("has a point outside any photo")
    (x0, y0), *others = corners
    sides = [(x - x0, y - y0) for x, y in others]
    longest = max(sides, key=lambda side: math.hypot(*side))
    if all(abs(longest[0] * y - longest[1] * x) < 1e-6 for x, y in sides):
        raise ValueError("has no area: its points lie on a line")
    return corners


def _polygon(text: str) -> str | None:
    try:
        polygon_of(text)
    except ValueError as err:
        return str(err)
    return None


_WHOLE = _number(is_whole=True)
_POSITIVE = _number(above_zero=True)

_DECLARED = (
    ManifestColumn("photo", "The photo_id.", _any_text),
    ManifestColumn("subject", "Who is seen.", _any_text),
    ManifestColumn("visit", "Name of the visit.", _any_text),
    ManifestColumn("visit_date", "Day of the visit.", _date),
    ManifestColumn(
        "visit_role",
        "Part of the visit in the study.",
        _one_of("preop", "postop", "baseline", "followup"),
    ),
    ManifestColumn("site", "Place on the body.", _any_text),
    ManifestColumn("field", "One of several photos of a site.", _any_text),
    ManifestColumn("replicate", "Repeat photo of the same field.", _any_text),
    ManifestColumn(
        "view",
        "Direction of the camera: the patient's cheek that is seen.",
        _one_of("front", "left45", "right45"),
    ),
    ManifestColumn("arm", "Arm of the trial.", _any_text),
    ManifestColumn(
        "modality",
        "Kind of light.",
        _one_of("standard", "cross_polarised", "uv", "dermoscopy"),
    ),
    ManifestColumn("px_per_mm", "Scale of the photo.", _POSITIVE),
    ManifestColumn("field_width_mm", "Width of the imaged area.", _POSITIVE),
    ManifestColumn(
        "polygon_px",
        "Part of a crop to be scored (`--patch`), in pixels of the upright photo: `x y, x y, x y`.",
        _polygon,
    ),
    ManifestColumn("treatment_date", "Day of the treatment.", _date),
    ManifestColumn("days_since_clip", "Days since the hair was clipped.", _number()),
    ManifestColumn(
        "skin_type",
        "Fitzpatrick type.",
        _one_of("I", "II", "III", "IV", "V", "VI", "1", "2", "3", "4", "5", "6"),
    ),
    ManifestColumn("grafts_in_field", "Grafts placed in the field.", _WHOLE),
    ManifestColumn("hairs_in_field", "Hairs placed in the field.", _WHOLE),
    ManifestColumn("hairs_resident", "Hairs there before the treatment.", _WHOLE),
    ManifestColumn("units_resident", "Follicular units there before the treatment.", _WHOLE),
    ManifestColumn("graft_map", "File with the places of the grafts.", _any_text),
    ManifestColumn("recipient_area_cm2", "Area that received grafts.", _POSITIVE),
)

KNOWN_COLUMNS: dict[str, ManifestColumn] = {column.name: column for column in _DECLARED}


def nearest_known(name: str) -> str | None:
    """Return the known column that `name` misses by one edit or by upper case, if any."""
    folded = name.casefold().replace(" ", "_").replace("-", "_")
    if folded in KNOWN_COLUMNS:
        return folded
    return next((known for known in KNOWN_COLUMNS if is_one_edit_away(folded, known)), None)


def is_one_edit_away(a: str, b: str) -> bool:
    """Tell whether one insertion, deletion, change or swap of neighbours makes `a` into `b`."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    rest_a, rest_b = a[same:], b[same:]
    if len(a) == len(b):
        is_swap = rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:]
        return rest_a[1:] == rest_b[1:] or is_swap
    return rest_a[1:] == rest_b if len(a) > len(b) else rest_a == rest_b[1:]
