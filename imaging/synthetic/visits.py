"""Two photographs of one spot of scalp at two visits, with the exact fate of every hair.

Hairs are laid out over a field wider than the photograph, so that a camera that is moved sees hairs
it did not see before.  Every follicle keeps its place in the skin; the second photograph shows the
skin turned, zoomed, shifted and a little stretched, under other light, and its hairs lost, new,
grown or clipped again.  Skin texture is drawn anew: nothing but the roots stays, as after months.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths, points_along
from .layout import STEP_PX, grow_path, lay_out_hairs
from .scalp import make_scalp
from .spec import ScalpScene, ScalpSpec, TrueHair

Points = NDArray[np.float64]
Fate = Literal["kept", "lost", "new"]

#: The spot reaches this far beyond the first photograph, as a share of its longer side.
BORDER_SHARE = 0.45
#: A clipped follicle shows its hair in nearly the same direction again.
REGROWN_TURN_DEG = 4.0
#: Length over which the skin is stretched and squeezed, in mm.
BEND_WAVELENGTH_MM = 9.0


@dataclass(frozen=True)
class Move:
    """How the camera of the second visit is held, and how the skin gives way.

    Parameters
    ----------
    turn_deg : float
        Turn of the picture, clockwise as seen.
    zoom : float
        Pixels of the second photograph per pixel of the first.
    shift_share : (float, float)
        Shift of the picture in x and y as shares of its width and height.
    bend_mm : float
        Root mean square of a smooth displacement of the skin.
    """

    turn_deg: float = 0.0
    zoom: float = 1.0
    shift_share: tuple[float, float] = (0.0, 0.0)
    bend_mm: float = 0.0


@dataclass(frozen=True)
class Change:
    """What becomes of the hairs between two visits.

    Parameters
    ----------
    lost_share : float
        Share of the hairs of the first visit without a shaft at the second.
    new_share : float
        Hairs at the second visit that the first does not show, as a share of the spot's hairs.
    is_clipped_again : bool
        Whether the hairs have new lengths, or those of the first visit and what grew since.
    days, growth_mm_per_day, growth_sd_mm_per_day : float
        Growth between the visits where the hair was not clipped again.
    telogen_share : float
        Share of hairs that rest: they do not grow.
    """

    lost_share: float = 0.1
    new_share: float = 0.0
    is_clipped_again: bool = True
    days: float = 180.0
    growth_mm_per_day: float = 0.36
    growth_sd_mm_per_day: float = 0.04
    telogen_share: float = 0.0


@dataclass(frozen=True)
class TrueFate:
    """What happened to one hair; ``grown_mm`` is 0 for a resting hair, NaN where not followed."""

    hair_id: int
    unit_id: int
    fate: Fate
    is_resting: bool = False
    grown_mm: float = math.nan


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a point of the first photograph lies in the second."""

    turn_rad: float
    zoom: float
    centre_px: Points
    target_px: Points
    waves_per_px: Points = field(default_factory=lambda: np.zeros((0, 2)))
    phases: Points = field(default_factory=lambda: np.zeros((0, 2)))
    bend_px: float = 0.0

    def forward(self, points_px: Points) -> Points:
        """Return the places in the second photograph of points (n, 2) of the first."""
        points = np.asarray(points_px, np.float64)
        if self.bend_px > 0:
            along = 2.0 * math.pi * points @ self.waves_per_px.T
            bend = np.stack(
                [np.sin(along + self.phases[:, k]).sum(axis=1) for k in range(2)], axis=1
            )
            # The sum of n sine waves has a mean square of n / 2.
            points = points + self.bend_px * bend / math.sqrt(len(self.waves_per_px) / 2.0)
        cos, sin = math.cos(self.turn_rad), math.sin(self.turn_rad)
        turn = self.zoom * np.array([[cos, sin], [-sin, cos]])
        return np.asarray((points - self.centre_px) @ turn + self.target_px)


@dataclass(frozen=True, eq=False)
class VisitPair:
    """Two photographs, where each point of the first lies in the second, and every hair's fate."""

    baseline: ScalpScene
    followup: ScalpScene
    placement: Placement
    fates: tuple[TrueFate, ...]

    @property
    def fate_of(self) -> dict[int, TrueFate]:
        return {fate.hair_id: fate for fate in self.fates}


def make_visit_pair(
    spec: ScalpSpec,
    change: Change,
    move: Move,
    *,
    rng: np.random.Generator,
    followup_spec: ScalpSpec | None = None,
) -> VisitPair:
    """Return two photographs of one spot.

    Parameters
    ----------
    spec : ScalpSpec
        Of the first visit.
    change : Change
    move : Move
    rng : numpy.random.Generator
    followup_spec : ScalpSpec, optional
        Light, camera, skin and clipped length of the second visit; those of the first when left
        out.  Its ``px_per_mm`` is replaced by that of the first times the zoom.
    """
    layout, fate_rng, place_rng, first_rng, second_rng = rng.spawn(5)
    later = followup_spec or spec
    later = replace(later, px_per_mm=spec.px_per_mm * move.zoom)
    hairs = spot_hairs(spec, rng=layout)
    fates = draw_fates(hairs, change, rng=fate_rng)
    placement = place(spec, later, move, rng=place_rng)
    first = [hair for hair, fate in zip(hairs, fates, strict=True) if fate.fate != "new"]
    second = [
        hair_at_visit(hair, fate, change, placement, later, rng=fate_rng)
        for hair, fate in zip(hairs, fates, strict=True)
        if fate.fate != "lost"
    ]
    return VisitPair(
        make_scalp(spec, rng=first_rng, hairs=first),
        make_scalp(later, rng=second_rng, hairs=second),
        placement,
        tuple(fates),
    )


def spot_hairs(spec: ScalpSpec, *, rng: np.random.Generator) -> list[TrueHair]:
    """Return the hairs of the photograph and of its surroundings, in its coordinates."""
    border = round(BORDER_SHARE * max(spec.width_px, spec.height_px))
    wide = replace(spec, width_px=spec.width_px + 2 * border, height_px=spec.height_px + 2 * border)
    hairs, _ = lay_out_hairs(wide, rng=rng)
    return [replace(hair, path_px=hair.path_px - border) for hair in hairs]


def draw_fates(
    hairs: Sequence[TrueHair], change: Change, *, rng: np.random.Generator
) -> list[TrueFate]:
    """Return the fate of every hair; a hair that is new is not lost."""
    fates = []
    for hair in hairs:
        draw, rests, pace = rng.random(), rng.random() < change.telogen_share, rng.normal()
        name: Fate = "kept"
        if draw < change.new_share:
            name = "new"
        elif draw < change.new_share + change.lost_share:
            name = "lost"
        speed = max(0.0, change.growth_mm_per_day + change.growth_sd_mm_per_day * pace)
        grown = math.nan
        if name == "kept" and not change.is_clipped_again:
            grown = 0.0 if rests else speed * change.days
        fates.append(TrueFate(hair.hair_id, hair.unit_id, name, bool(rests), grown))
    return fates


def place(spec: ScalpSpec, later: ScalpSpec, move: Move, *, rng: np.random.Generator) -> Placement:
    """Return the mapping from the first photograph to the second."""
    centre = np.array([spec.width_px, spec.height_px]) / 2.0
    size = np.array([later.width_px, later.height_px])
    target = size / 2.0 + size * np.array(move.shift_share)
    waves = rng.normal(0.0, 1.0, (3, 2)) / (BEND_WAVELENGTH_MM * spec.px_per_mm)
    phases = rng.uniform(0.0, 2.0 * math.pi, (3, 2))
    return Placement(
        math.radians(move.turn_deg),
        move.zoom,
        centre,
        target,
        waves,
        phases,
        move.bend_mm * spec.px_per_mm,
    )


def hair_at_visit(
    hair: TrueHair,
    fate: TrueFate,
    change: Change,
    placement: Placement,
    later: ScalpSpec,
    *,
    rng: np.random.Generator,
) -> TrueHair:
    """Return a hair as the second visit shows it: same follicle, its shaft clipped or grown."""
    path = placement.forward(hair.path_px)
    if change.is_clipped_again:
        length_mm = hair.length_mm
        length_mm *= math.exp(0.5 * later.hair.length_log_sd * rng.normal())
        run = path[min(len(path) - 1, 12)] - path[0]
        heading = math.atan2(run[1], run[0]) + math.radians(REGROWN_TURN_DEG) * rng.normal()
        path = grow_path(
            (float(path[0, 0]), float(path[0, 1])),
            heading,
            length_mm * later.px_per_mm,
            curl_per_px=later.hair.curl_per_mm / later.px_per_mm,
            wavelength_px=2.5 * later.px_per_mm,
            rng=rng,
        )
    else:
        grown = 0.0 if math.isnan(fate.grown_mm) else fate.grown_mm
        length_mm = hair.length_mm + grown
        path = _prolonged(path, length_mm * later.px_per_mm)
    return replace(hair, path_px=path, length_mm=length_mm)


def _prolonged(path: Points, length_px: float) -> Points:
    """Return a path with its last direction continued to a length, points one step apart."""
    run = path[-1] - path[-min(len(path), 8)]
    run = run / max(float(np.hypot(*run)), 1e-9)
    at = arc_lengths(path)
    missing = max(0.0, length_px - float(at[-1]))
    whole = np.vstack([path, path[-1] + run * (missing + 1e-6)])
    at = np.append(at, at[-1] + missing + 1e-6)
    steps = max(2, round(length_px / STEP_PX))
    even = np.linspace(0.0, length_px, steps + 1)
    return points_along(whole, even, arc=at)
