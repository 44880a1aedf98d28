"""A transplanted field after surgery and at later visits, with the exact fate of every graft.

The first photograph shows fresh grafts in rows: short stubs in crusts, among a few resident hairs.
Some grafts die; the hairs of the others have grown at the later visits, where every living follicle
is empty with one chance at each visit, as follicles that rest are.  The camera moves between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths
from .scalp import PRESETS, make_scalp
from .spec import ScalpScene, ScalpSpec, TrueHair
from .visits import Change, Move, Placement, TrueFate, hair_at_visit, place, spot_hairs

Points = NDArray[np.float64]

#: A resident hair nearer to a graft than this is left out: grafts are set between hairs.
RESIDENT_GAP_MM = 0.6
#: A graft settles in healing skin: its place moves by so much (standard deviation, each axis).
SETTLING_MM = 0.04


@dataclass(frozen=True)
class GraftSpec:
    """What was transplanted, and what becomes of it.

    Parameters
    ----------
    grafts_per_cm2, row_spacing_mm : float
    hairs_per_graft : tuple of float
        Shares of grafts with 1, 2, 3 … hairs.
    residents_per_cm2 : float
        Follicular units that were there before; they live on.
    survival : float
        Chance of a graft to live, 0 to 1.
    empty_share : float
        Chance of a living follicle to show no hair at a visit.
    stub_mm : float
        Length of the hairs after surgery; later that of the photograph's own spec.
    """

    grafts_per_cm2: float = 42.0
    row_spacing_mm: float = 1.5
    hairs_per_graft: tuple[float, ...] = (0.35, 0.5, 0.15)
    residents_per_cm2: float = 3.0
    survival: float = 0.8
    empty_share: float = 0.125
    stub_mm: float = 0.45


@dataclass(frozen=True)
class TrueGraft:
    """One graft: its place in the first photograph, its hairs, its fate.

    ``shown`` is the number of its hairs at each later visit.
    """

    graft_id: int
    x_px: float
    y_px: float
    hairs: int
    lives: bool
    shown: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class GraftCourse:
    """The photograph after surgery, those of later visits, and how they lie on the first.

    ``residents`` are the units that were there before, by number in the photographs' truth.
    """

    postop: ScalpScene
    visits: tuple[ScalpScene, ...]
    placements: tuple[Placement, ...]
    grafts: tuple[TrueGraft, ...]
    residents: frozenset[int]


def recipient_spec(
    *, grafts: int = 60, px_per_mm: float = 100.0, graft_spec: GraftSpec | None = None
) -> ScalpSpec:
    """Return a photograph of grafted skin that shows about so many grafts."""
    chosen = graft_spec or GraftSpec()
    width_mm = math.sqrt(100.0 * grafts / chosen.grafts_per_cm2 * 4.0 / 3.0)
    width = round(width_mm * px_per_mm)
    spec = PRESETS["grafted_rows"]
    return replace(
        spec, px_per_mm=px_per_mm, width_px=width, height_px=round(0.75 * width_mm * px_per_mm)
    )


def make_graft_course(
    spec: ScalpSpec,
    graft_spec: GraftSpec,
    moves: Sequence[Move],
    *,
    rng: np.random.Generator,
    later_specs: Sequence[ScalpSpec] | None = None,
) -> GraftCourse:
    """Return a photograph after surgery and one per move of the camera.

    Parameters
    ----------
    spec : ScalpSpec
        Of all photographs; units and crusts are replaced by what `graft_spec` says.
    graft_spec : GraftSpec
    moves : sequence of Move
    rng : numpy.random.Generator
    later_specs : sequence of ScalpSpec, optional
        Light and camera of each later visit.
    """
    layout, fate_rng, place_rng, first_rng, *visit_rngs = rng.spawn(4 + len(moves))
    grafted, resident = _lay_out(spec, graft_spec, rng=layout)
    hairs = grafted + resident
    units = sorted({hair.unit_id for hair in grafted})
    lives = dict(zip(units, fate_rng.random(len(units)) < graft_spec.survival, strict=True))
    settled = {
        unit: SETTLING_MM * spec.px_per_mm * fate_rng.normal(size=2) for unit in sorted(lives)
    }
    stubs = [_stub(hair, graft_spec.stub_mm * spec.px_per_mm, rng=fate_rng) for hair in hairs]
    fresh = replace(spec, surface=replace(spec.surface, crust_per_unit=1.0))
    residents = frozenset(hair.unit_id for hair in resident)
    postop = make_scalp(fresh, rng=first_rng, hairs=stubs, bare_units=residents)
    scenes, placements, shown = [], [], []
    for k, (move, own) in enumerate(zip(moves, visit_rngs, strict=True)):
        later = later_specs[k] if later_specs else spec
        later = replace(later, px_per_mm=spec.px_per_mm * move.zoom)
        placement = place(spec, later, move, rng=place_rng)
        is_shown = fate_rng.random(len(hairs)) >= graft_spec.empty_share
        seen = [
            _grown(hair, settled.get(hair.unit_id), placement, later, rng=fate_rng)
            for hair, there in zip(hairs, is_shown, strict=True)
            if there and lives.get(hair.unit_id, True)
        ]
        placements.append(placement)
        shown.append([hair.unit_id for hair in seen])
        scenes.append(make_scalp(later, rng=own, hairs=seen))
    grafts = []
    for unit in units:
        own_hairs = [hair for hair in grafted if hair.unit_id == unit]
        x, y = np.mean([hair.root for hair in own_hairs], axis=0)
        counts = tuple(visit.count(unit) for visit in shown)
        grafts.append(
            TrueGraft(unit, float(x), float(y), len(own_hairs), bool(lives[unit]), counts)
        )
    return GraftCourse(postop, tuple(scenes), tuple(placements), tuple(grafts), residents)


def _lay_out(
    spec: ScalpSpec, graft_spec: GraftSpec, *, rng: np.random.Generator
) -> tuple[list[TrueHair], list[TrueHair]]:
    """Return the hairs of the grafts and of the residents; numbers are unique over both."""
    rows = replace(
        spec.units,
        density_per_cm2=graft_spec.grafts_per_cm2,
        row_spacing_mm=graft_spec.row_spacing_mm,
        hairs_per_unit=graft_spec.hairs_per_graft,
    )
    natural = replace(spec.units, density_per_cm2=graft_spec.residents_per_cm2, row_spacing_mm=0.0)
    grafted = spot_hairs(replace(spec, units=rows), rng=rng)
    resident = spot_hairs(replace(spec, units=natural), rng=rng)
    roots = np.array([hair.root for hair in grafted]).reshape(-1, 2)
    gap_px = RESIDENT_GAP_MM * spec.px_per_mm
    near = {
        hair.unit_id
        for hair in resident
        if len(roots) and np.hypot(*(roots - hair.root).T).min() < gap_px
    }
    first_hair = max((hair.hair_id for hair in grafted), default=0)
    first_unit = max((hair.unit_id for hair in grafted), default=0)
    return grafted, [
        replace(hair, hair_id=first_hair + hair.hair_id, unit_id=first_unit + hair.unit_id)
        for hair in resident
        if hair.unit_id not in near
    ]


def _stub(hair: TrueHair, length_px: float, *, rng: np.random.Generator) -> TrueHair:
    """Return the first part of a hair: grafts are cut short before they are set."""
    length_px *= math.exp(0.15 * rng.normal())
    at = arc_lengths(hair.path_px)
    keep = max(3, int(np.searchsorted(at, length_px)))
    path = hair.path_px[:keep]
    length_mm = hair.length_mm * min(1.0, float(at[min(keep, len(at)) - 1]) / float(at[-1]))
    return replace(hair, path_px=path, length_mm=length_mm)


def _grown(
    hair: TrueHair,
    settled_px: Points | None,
    placement: Placement,
    later: ScalpSpec,
    *,
    rng: np.random.Generator,
) -> TrueHair:
    moved = hair if settled_px is None else replace(hair, path_px=hair.path_px + settled_px)
    kept = TrueFate(hair.hair_id, hair.unit_id, "kept")
    return hair_at_visit(moved, kept, Change(), placement, later, rng=rng)
