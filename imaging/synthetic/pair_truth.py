"""Generated visits as files: photographs, the truth of every hair or graft, manifest rows."""

from __future__ import annotations

import csv
import datetime
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..photo.places import is_in_mask
from .camera import encode_jpeg
from .grafts import GraftSpec, make_graft_course, recipient_spec
from .spec import ScalpScene, ScalpSpec
from .truth import counting_frame
from .visits import Change, Move, make_visit_pair

#: How cameras are held: far less than the tool must stand, about as hands do.
MOST_TURN_DEG, MOST_LOG_ZOOM, MOST_SHIFT, BEND_MM = 10.0, 0.03, 0.06, 0.02
#: The day of the first visit of every pair.
FIRST_DAY = datetime.date(2026, 1, 12)
VISIT_DAYS, MONTH_9_DAYS, MONTH_12_DAYS = 182, 274, 365
#: Margin of the counting frame, as the setting ``hair.guard_margin_mm`` has it.
GUARD_MM = 0.2

MANIFEST_COLUMNS = (
    "photo", "subject", "visit", "visit_date", "visit_role", "px_per_mm",
    "grafts_in_field", "hairs_in_field", "hairs_resident", "units_resident", "graft_map",
)  # fmt: skip
FATE_COLUMNS = ("hair_id", "unit_id", "fate", "is_resting", "grown_mm", "x_px", "y_px")
GRAFT_COLUMNS = ("graft_id", "x_px", "y_px", "hairs", "lives", "shown_month9", "shown_month12")

Row = Mapping[str, object]


@dataclass(frozen=True)
class PairFiles:
    """The photographs of one spot by file name, tables by path, and rows of the manifest."""

    photos: Mapping[str, bytes]
    tables: Mapping[str, str]
    manifest: tuple[Row, ...]


def visit_files(
    name: str,
    spec: ScalpSpec,
    *,
    lost: float,
    new: float,
    rng: np.random.Generator,
) -> PairFiles:
    """Return two visits half a year apart, between which hairs were lost and came."""
    change = Change(lost_share=lost, new_share=new)
    return _pair_files(name, spec, change, ("baseline", "month6"), VISIT_DAYS, rng=rng)


def growth_files(name: str, spec: ScalpSpec, *, rng: np.random.Generator) -> PairFiles:
    """Return a phototrichogram: 2 or 3 days apart, not clipped between."""
    days = int(rng.integers(2, 4))
    change = Change(
        lost_share=0.0,
        is_clipped_again=False,
        days=float(days),
        telogen_share=float(rng.uniform(0.05, 0.3)),
    )
    return _pair_files(name, spec, change, ("day0", f"day{days}"), days, rng=rng)


def graft_files(
    name: str,
    *,
    grafts: int,
    survival: float,
    rng: np.random.Generator,
    px_per_mm: float = 100.0,
) -> PairFiles:
    """Return a grafted field after surgery, at month 9 and at month 12, with a graft map."""
    graft_spec = GraftSpec(survival=survival)
    spec = recipient_spec(grafts=grafts, px_per_mm=px_per_mm, graft_spec=graft_spec)
    later = [_relit(spec, rng) for _ in range(2)]
    moves = [_draw_move(rng) for _ in range(2)]
    course = make_graft_course(spec, graft_spec, moves, rng=rng, later_specs=later)
    frame = counting_frame(course.postop, guard_mm=GUARD_MM)
    placed = [graft for graft in course.grafts if is_in_mask(frame, graft.x_px, graft.y_px)]
    resident = [
        hair
        for hair in course.postop.hairs
        if hair.unit_id in course.residents and is_in_mask(frame, *hair.root)
    ]
    known = {
        "grafts_in_field": len(placed),
        "hairs_in_field": sum(graft.hairs for graft in placed),
        "hairs_resident": len(resident),
        "units_resident": len({hair.unit_id for hair in resident}),
    }
    visits = (
        ("postop", "postop", 0, course.postop),
        ("month9", "followup", MONTH_9_DAYS, course.visits[0]),
        ("month12", "followup", MONTH_12_DAYS, course.visits[1]),
    )
    rows: list[Row] = []
    photos = {}
    map_name = f"{name}_grafts.csv"
    for visit, role, days, scene in visits:
        photo = f"{name}_{visit}.jpg"
        photos[photo] = _jpeg(scene, spec)
        row = _manifest_row(photo, name, visit, role, days, scene.px_per_mm) | known
        rows.append(row | {"graft_map": map_name} if role == "postop" else row)
    fates = [
        (g.graft_id, f"{g.x_px:.1f}", f"{g.y_px:.1f}", g.hairs, int(g.lives), *g.shown)
        for g in placed
    ]
    places = [(f"{g.x_px:.1f}", f"{g.y_px:.1f}") for g in placed]
    tables = {
        map_name: _table(("x_px", "y_px"), places),
        f"truth/{name}.csv": _table(GRAFT_COLUMNS, fates),
    }
    return PairFiles(photos, tables, tuple(rows))


def manifest_text(rows: Sequence[Row]) -> str:
    """Return the manifest of all photographs; columns that are empty everywhere are left out."""
    columns = [name for name in MANIFEST_COLUMNS if any(row.get(name, "") != "" for row in rows)]
    return _table(columns, [[row.get(name, "") for name in columns] for row in rows])


def _pair_files(
    name: str,
    spec: ScalpSpec,
    change: Change,
    visits: tuple[str, str],
    days: int,
    *,
    rng: np.random.Generator,
) -> PairFiles:
    pair = make_visit_pair(spec, change, _draw_move(rng), rng=rng, followup_spec=_relit(spec, rng))
    photos, rows = {}, []
    for visit, role, day, scene in (
        (visits[0], "baseline", 0, pair.baseline),
        (visits[1], "followup", days, pair.followup),
    ):
        photo = f"{name}_{visit}.jpg"
        photos[photo] = _jpeg(scene, spec)
        rows.append(_manifest_row(photo, name, visit, role, day, scene.px_per_mm))
    seen = {hair.hair_id: hair for hair in (*pair.followup.hairs, *pair.baseline.hairs)}
    fates = []
    for fate in pair.fates:
        hair = seen.get(fate.hair_id)
        if hair is not None:
            # Of a new hair the place is that in the follow-up.
            x, y = hair.root
            grown = "" if math.isnan(fate.grown_mm) else f"{fate.grown_mm:.4f}"
            own = (fate.fate, int(fate.is_resting), grown, f"{x:.1f}", f"{y:.1f}")
            fates.append((fate.hair_id, fate.unit_id, *own))
    return PairFiles(photos, {f"truth/{name}.csv": _table(FATE_COLUMNS, fates)}, tuple(rows))


def _manifest_row(
    photo: str, subject: str, visit: str, role: str, days: int, px_per_mm: float
) -> dict[str, object]:
    return {
        "photo": photo,
        "subject": subject,
        "visit": visit,
        "visit_date": (FIRST_DAY + datetime.timedelta(days=days)).isoformat(),
        "visit_role": role,
        "px_per_mm": f"{px_per_mm:.3f}",
    }


def _draw_move(rng: np.random.Generator) -> Move:
    return Move(
        float(rng.uniform(-MOST_TURN_DEG, MOST_TURN_DEG)),
        math.exp(float(rng.uniform(-MOST_LOG_ZOOM, MOST_LOG_ZOOM))),
        (float(rng.uniform(-MOST_SHIFT, MOST_SHIFT)), float(rng.uniform(-MOST_SHIFT, MOST_SHIFT))),
        BEND_MM,
    )


def _relit(spec: ScalpSpec, rng: np.random.Generator) -> ScalpSpec:
    red, green, blue = (float(value) for value in rng.uniform(0.94, 1.06, 3))
    camera = replace(
        spec.camera, exposure=float(rng.uniform(0.9, 1.05)), white_balance=(red, green, blue)
    )
    return replace(spec, camera=camera)


def _jpeg(scene: ScalpScene, spec: ScalpSpec) -> bytes:
    if scene.jpeg is not None:
        return scene.jpeg
    return encode_jpeg(scene.pixels, replace(spec.camera, jpeg_quality=90))


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return file.getvalue()
