"""Where hairs stand and how they run: units, roots, directions, lengths, centre lines."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .spec import (
    DebrisKind,
    HairColourName,
    HairSpec,
    ScalpSpec,
    TrueDebris,
    TrueHair,
    TrueUnit,
    UnitSpec,
)

Points = NDArray[np.float64]

#: Distance of points along a centre line.
STEP_PX = 1.0
#: Hairs longer than this are drawn from roots outside the field no farther away than it: beyond,
#: a root's hair passes the field by or is seen as one more crossing shaft only.
MAX_MARGIN_MM = 4.0
#: Wavelength over which the curvature of a shaft swings.
CURL_WAVELENGTH_MM = 2.5
#: Distance over which the direction of growth changes over the scalp.
FIELD_WAVELENGTH_MM = 5.0
#: Diameters that are drawn; the gap keeps the two kinds apart (see `spec.TERMINAL_FROM_UM`).
TERMINAL_RANGE_UM = (42.0, 130.0)
VELLUS_RANGE_UM = (14.0, 38.0)
#: Darts thrown per wanted unit before the hard core is made smaller.
DARTS_PER_UNIT = 12
#: Touching shafts stand this many times the sum of their radii apart at their roots; below 1 they
#: overlap in the picture, as hairs that leave the skin at a slant do.
TIGHT_GAP = (0.8, 1.2)
#: How far such roots are set off along the shafts.
TIGHT_SHIFT_MM = 0.07
#: Touching shafts run nearly alike, shafts that fan out of one mouth do not: factors on the spread
#: of directions within a unit.
TIGHT_TURN, FAN_TURN = 0.4, 1.6
#: Shafts of a fan leave their common mouth this many mean radii apart.
FAN_GAP = 0.5
#: Unit mixes are published for hairs that are seen: hairs of a loose unit do not lie on top of each
#: other, but this many times the sum of their radii apart across their direction.  Trials of it.
LOOSE_GAP, LOOSE_TRIALS = 0.7, 12
#: Roots of a loose unit stand around its centre, evenly but for this much (radians).
BEARING_SD = 0.4
#: Hairs of one unit are clipped together: most of the spread of lengths is between units.  The
#: squares add up to one.
UNIT_LENGTH_SHARE, OWN_LENGTH_SHARE = 0.8, 0.6
#: Vellus hairs are shorter.
VELLUS_LENGTH = 0.8
#: Shares of a shaft's curvature that stay and that swing along it: 0.8² + 0.85² / 2 is one.
STEADY_CURL, SWINGING_CURL = 0.8, 0.85
#: Loose clippings: median length in mm, spread of its logarithm, curl; textile fibres: ranges of
#: length in mm and diameter in µm, curl.
CLIPPING_MM, CLIPPING_LOG_SD, CLIPPING_CURL_PER_MM = 0.18, 0.4, 0.2
FIBRE_MM, FIBRE_UM, FIBRE_CURL_PER_MM = (0.6, 2.5), (12.0, 22.0), 1.5


def place_units(
    width_mm: float, height_mm: float, spec: UnitSpec, *, rng: np.random.Generator
) -> Points:
    """Return unit centres in mm, shape (n, 2), in a field of the given size.

    Natural units are darts with a hard core; their number is the density times the area, rounded at
    random, so that a density means what it says.  Grafted units stand in jittered rows.
    """
    expected = spec.density_per_cm2 * width_mm * height_mm / 100.0
    wanted = int(expected + rng.random())
    if wanted == 0:
        return np.zeros((0, 2))
    if spec.row_spacing_mm > 0:
        return _place_rows(width_mm, height_mm, spec, rng=rng)
    core = spec.min_spacing_mm
    centres = np.zeros((0, 2))
    while len(centres) < wanted:
        darts = rng.random((DARTS_PER_UNIT * wanted, 2)) * (width_mm, height_mm)
        centres = _throw_darts(darts, centres, core=core, wanted=wanted)
        core *= 0.93
    return centres


def _throw_darts(darts: Points, standing: Points, *, core: float, wanted: int) -> Points:
    """Add darts that keep the hard core, by a grid of cells that hold one centre each."""
    cell = core / math.sqrt(2.0)
    taken: dict[tuple[int, int], tuple[float, float]] = {}
    kept = [(float(x), float(y)) for x, y in standing]
    for x, y in kept:
        taken[(int(x / cell), int(y / cell))] = (x, y)
    limit = core * core
    for x, y in darts.tolist():
        if len(kept) >= wanted:
            break
        i, j = int(x / cell), int(y / cell)
        near = (taken.get((i + a, j + b)) for a in range(-2, 3) for b in range(-2, 3))
        if any(p is not None and (p[0] - x) ** 2 + (p[1] - y) ** 2 < limit for p in near):
            continue
        taken[(i, j)] = (x, y)
        kept.append((x, y))
    return np.array(kept).reshape(-1, 2)


def _place_rows(
    width_mm: float, height_mm: float, spec: UnitSpec, *, rng: np.random.Generator
) -> Points:
    along = 100.0 / (spec.density_per_cm2 * spec.row_spacing_mm)
    rows = np.arange(rng.random() * spec.row_spacing_mm, height_mm, spec.row_spacing_mm)
    centres = [
        np.column_stack((x, np.full_like(x, y)))
        for y in rows
        for x in [np.arange(rng.random() * along, width_mm, along)]
    ]
    if not centres:
        return np.zeros((0, 2))
    points = np.concatenate(centres)
    jitter = rng.normal(0.0, 0.08, points.shape) * (along, spec.row_spacing_mm)
    return np.clip(points + jitter, 0.0, (width_mm, height_mm))


def direction_field(
    points_mm: Points, spec: UnitSpec, *, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the direction of growth at each unit, in radians: a smooth field and unit noise."""
    mean = rng.uniform(0.0, 360.0) if spec.direction_deg is None else spec.direction_deg
    waves = rng.normal(0.0, 1.0, (4, 2)) / FIELD_WAVELENGTH_MM
    phases = rng.uniform(0.0, 2.0 * math.pi, 4)
    # Four waves of variance one half each: their mean has the variance one half, hence the factor.
    smooth = np.sin(2.0 * math.pi * points_mm @ waves.T + phases).sum(axis=1) / math.sqrt(2.0)
    noise = rng.normal(0.0, 1.0, len(points_mm))
    return np.asarray(np.radians(mean + spec.field_sd_deg * smooth + spec.unit_sd_deg * noise))


def draw_diameters(count: int, spec: HairSpec, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return diameters in µm: a terminal and a vellus normal distribution, both truncated."""
    is_vellus = rng.random(count) < spec.vellus_share
    terminal = _truncated(count, spec.terminal_mean_um, spec.terminal_sd_um, TERMINAL_RANGE_UM, rng)
    vellus = _truncated(count, spec.vellus_mean_um, spec.vellus_sd_um, VELLUS_RANGE_UM, rng)
    return np.where(is_vellus, vellus, terminal)


def _truncated(
    count: int, mean: float, sd: float, limits: tuple[float, float], rng: np.random.Generator
) -> NDArray[np.float64]:
    drawn = rng.normal(mean, sd, (8, count))
    inside = (drawn >= limits[0]) & (drawn <= limits[1])
    first = np.argmax(inside, axis=0)
    return np.asarray(np.clip(drawn[first, np.arange(count)], *limits))


def grow_path(
    root_px: tuple[float, float],
    angle_rad: float,
    length_px: float,
    *,
    curl_per_px: float,
    wavelength_px: float,
    rng: np.random.Generator,
) -> Points:
    """Return a smooth centre line from the root, shape (n, 2), points one step apart."""
    steps = max(2, round(length_px / STEP_PX))
    step = length_px / steps
    s = (np.arange(steps) + 0.5) * step
    constant, swing = rng.normal(0.0, 1.0, 2)
    phase = rng.uniform(0.0, 2.0 * math.pi)
    curvature = curl_per_px * (
        STEADY_CURL * constant
        + SWINGING_CURL * swing * np.sin(2.0 * math.pi * s / wavelength_px + phase)
    )
    heading = angle_rad + np.cumsum(curvature) * step
    path = np.empty((steps + 1, 2))
    path[0] = root_px
    path[1:, 0] = root_px[0] + np.cumsum(np.cos(heading)) * step
    path[1:, 1] = root_px[1] + np.cumsum(np.sin(heading)) * step
    return path


def _roots_of_unit(
    count: int,
    angle: float,
    radii_mm: NDArray[np.float64],
    spec: UnitSpec,
    *,
    rng: np.random.Generator,
) -> tuple[Points, NDArray[np.float64]]:
    """Return root offsets in mm from the unit's centre and the direction of each hair."""
    turns = np.radians(rng.normal(0.0, spec.within_sd_deg, count))
    draw = rng.random()
    along, across = (
        np.array([math.cos(angle), math.sin(angle)]),
        np.array([-math.sin(angle), math.cos(angle)]),
    )
    if count > 1 and draw < spec.tight_share:
        gaps = (radii_mm[1:] + radii_mm[:-1]) * rng.uniform(*TIGHT_GAP, count - 1)
        lateral = np.concatenate(([0.0], np.cumsum(gaps)))
        shift = rng.normal(0.0, TIGHT_SHIFT_MM, count)
        offsets = (lateral - lateral.mean())[:, None] * across + shift[:, None] * along
        return offsets, angle + TIGHT_TURN * turns
    if count > 1 and draw < spec.tight_share + spec.fan_share:
        order = np.argsort(turns)
        lateral = np.empty(count)
        lateral[order] = (np.arange(count) - (count - 1) / 2) * FAN_GAP * radii_mm.mean()
        return lateral[:, None] * across, angle + FAN_TURN * turns
    for _ in range(LOOSE_TRIALS):
        bearing = rng.uniform(0.0, 2.0 * math.pi) + 2.0 * math.pi * np.arange(count) / count
        bearing = bearing + rng.normal(0.0, BEARING_SD, count)
        distance = rng.uniform(*spec.root_spread_mm, count) * (count > 1)
        offsets = distance[:, None] * np.column_stack((np.cos(bearing), np.sin(bearing)))
        order = np.argsort(offsets @ across)
        gaps = np.diff((offsets @ across)[order])
        if np.all(gaps >= LOOSE_GAP * (radii_mm[order][1:] + radii_mm[order][:-1])):
            break
    return offsets, angle + turns


def lay_out_hairs(
    spec: ScalpSpec, *, rng: np.random.Generator
) -> tuple[list[TrueHair], tuple[TrueUnit, ...]]:
    """Return every hair that reaches into the photograph, in the order in which it is drawn.

    The units of these hairs come with it; a unit is the mean of all its roots, also of hairs that
    stay outside.

    Units also stand outside the field, as far as a hair may reach in.  ``visible`` and
    ``is_root_inside`` are filled in by the renderer.
    """
    scale = spec.px_per_mm
    longest = spec.hair.length_mm * math.exp(2.0 * spec.hair.length_log_sd)
    margin = min(MAX_MARGIN_MM, longest + spec.units.root_spread_mm[1])
    width, height = spec.width_px / scale, spec.height_px / scale
    units = place_units(width + 2 * margin, height + 2 * margin, spec.units, rng=rng) - margin
    angles = direction_field(units, spec.units, rng=rng)
    shares = np.array(spec.units.hairs_per_unit, float)
    counts = 1 + rng.choice(len(shares), size=len(units), p=shares / shares.sum())
    names = [name for name, _ in spec.hair.colours]
    weights = np.array([share for _, share in spec.hair.colours], float)
    hairs: list[TrueHair] = []
    for number, (centre, angle, count) in enumerate(zip(units, angles, counts, strict=True), 1):
        diameters = draw_diameters(int(count), spec.hair, rng=rng)
        offsets, headings = _roots_of_unit(
            int(count), float(angle), diameters / 2000.0, spec.units, rng=rng
        )
        common = rng.normal(0.0, UNIT_LENGTH_SHARE)
        for k in range(int(count)):
            length = spec.hair.length_mm * math.exp(
                spec.hair.length_log_sd * (common + rng.normal(0.0, OWN_LENGTH_SHARE))
            )
            if diameters[k] < TERMINAL_RANGE_UM[0]:
                length *= VELLUS_LENGTH
            colour: HairColourName = names[int(rng.choice(len(names), p=weights / weights.sum()))]
            path = grow_path(
                tuple((centre + offsets[k]) * scale),
                float(headings[k]),
                length * scale,
                curl_per_px=spec.hair.curl_per_mm / scale,
                wavelength_px=CURL_WAVELENGTH_MM * scale,
                rng=rng,
            )
            tapered = bool(rng.random() < spec.hair.tapered_share)
            hairs.append(
                TrueHair(0, number, path, float(diameters[k]), colour, float(length), tapered)
            )
    reach = [hair for hair in hairs if reaches_in(hair, spec)]
    order = rng.permutation(len(reach))
    seen = {hair.unit_id for hair in reach}
    units_seen = units_of([hair for hair in hairs if hair.unit_id in seen])
    return [replace(reach[i], hair_id=k) for k, i in enumerate(order, 1)], units_seen


def units_of(hairs: list[TrueHair]) -> tuple[TrueUnit, ...]:
    """Return the units that these hairs make up, by number."""
    members: dict[int, list[TrueHair]] = defaultdict(list)
    for hair in hairs:
        members[hair.unit_id].append(hair)
    units = []
    for number, group in sorted(members.items()):
        x, y = np.mean([hair.root for hair in group], axis=0)
        units.append(TrueUnit(number, float(x), float(y), len(group)))
    return tuple(units)


def reaches_in(hair: TrueHair, spec: ScalpSpec) -> bool:
    """Return whether any of the shaft lies in the photograph."""
    radius_px = hair.diameter_um / 2000.0 * spec.px_per_mm
    x, y = hair.path_px.T
    inside = (x > -radius_px) & (x < spec.width_px + radius_px)
    return bool(np.any(inside & (y > -radius_px) & (y < spec.height_px + radius_px)))


def scatter_debris(spec: ScalpSpec, *, rng: np.random.Generator) -> list[TrueDebris]:
    """Return loose clippings and textile fibres, anywhere and in any direction."""
    found: list[TrueDebris] = []
    kinds: tuple[tuple[DebrisKind, float], ...] = (
        ("clipping", spec.surface.clippings_per_cm2),
        ("fibre", spec.surface.fibres_per_cm2),
    )
    for kind, density in kinds:
        for _ in range(int(rng.poisson(density * spec.area_cm2))):
            start = (rng.random() * spec.width_px, rng.random() * spec.height_px)
            clipping = kind == "clipping"
            if clipping:
                length = CLIPPING_MM * math.exp(rng.normal(0.0, CLIPPING_LOG_SD))
                diameter = float(draw_diameters(1, spec.hair, rng=rng)[0])
            else:
                length, diameter = rng.uniform(*FIBRE_MM), rng.uniform(*FIBRE_UM)
            curl = CLIPPING_CURL_PER_MM if clipping else FIBRE_CURL_PER_MM
            path = grow_path(
                start,
                rng.uniform(0.0, 2.0 * math.pi),
                length * spec.px_per_mm,
                curl_per_px=curl / spec.px_per_mm,
                wavelength_px=CURL_WAVELENGTH_MM * spec.px_per_mm,
                rng=rng,
            )
            found.append(TrueDebris(kind, path, diameter))
    return found
