"""Lines traced on generated scalps: whether each is a hair, and where its ends truly lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.hair.ends import as_ends, pair_ends
from imaging.hair.line_judging import (
    MOST_LENGTH_MM,
    end_windows,
    frames_of,
    judged_lines,
    line_values,
)
from imaging.hair.score import extract_evidence
from imaging.hair.segmenter import CLASSICAL
from imaging.hair.tracing import features, root_first, trace_strips
from imaging.records import Photo, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.scalp import ScalpSpec, make_scalp
from imaging.synthetic.truth import SEEN_SHARE
from models.line_network import LEAST_SHARE, MOST_SHARE

from .random_scenes import random_scene

#: Pairs of line and hair whose ends lie farther apart in the mean are none.
PAIRED_MM = 0.25
#: Lines nearer to the photo's edge are no samples.
BORDER_MM = 0.12
#: Copies of each line, and how far the ends of all but the first are displaced, mm.
COPIES, DISPLACED_MM, SIDEWAYS_MM, MOST_DISPLACED_MM = 3, 0.05, 0.008, 0.15
#: Units per cm2: as many as on a hairy scalp, so that hairs touch and cross.
DENSITIES_PER_CM2 = (60.0, 120.0)


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows (n, 2, 4, along, across), values (n, k), moves in mm (n, 2, 2), is a hair (n,).

    Windows are kept at half precision: many fit into memory, and noise is added to them anyway.
    """

    windows: NDArray[np.float16]
    values: NDArray[np.float32]
    moves: NDArray[np.float32]
    is_hair: NDArray[np.float32]

    @classmethod
    def of_all(cls, parts: list[Samples]) -> Samples:
        """Return the samples of several scenes as one."""
        names = ("windows", "values", "moves", "is_hair")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def crowded_scene(rng: np.random.Generator) -> ScalpSpec:
    """Return a shaved or clipped scalp in colour with many hairs to an area, or bare skin."""
    while True:
        spec = random_scene(rng)
        is_bare = spec.units.density_per_cm2 == 0
        if is_bare or spec.hair.length_mm <= MOST_LENGTH_MM:
            break
    units = spec.units
    if not is_bare:
        units = replace(units, density_per_cm2=rng.uniform(*DENSITIES_PER_CM2))
    return replace(spec, units=units, camera=replace(spec.camera, is_grey=False))


def training_settings() -> Settings:
    """Return the settings that samples are traced with: classical, faint lines among them.

    None of these explains less than a usual line: a network that was trained on lines from
    ``faint_worth_mm`` on lost more of fair hair.
    """
    defaults = Settings()
    hair = replace(
        defaults.hair,
        segmenter=CLASSICAL,
        faint_worth_mm=defaults.hair.min_worth_mm,
        faint_support=defaults.hair.min_support,
    )
    return replace(defaults, hair=hair)


def sample_scene(spec: ScalpSpec, rng: np.random.Generator) -> Samples | None:
    """Return the samples of one scene; None where nothing is traced."""
    scene = make_scalp(spec, rng=rng)
    settings = training_settings()
    photo = Photo("scene", scene.pixels, "", inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    shafts = extract_evidence(photo, settings).shafts
    strips, rooting, sure = trace_strips(shafts, settings.hair, with_faint=True)
    if not strips:
        return None
    lines = root_first(strips, rooting)
    ends = np.array([line[[0, -1]] for line in lines], np.float64)
    truth = np.array([(hair.root, hair.tip) for hair in scene.hairs]).reshape(-1, 2, 2)
    is_seen = np.array([hair.uncovered >= SEEN_SHARE for hair in scene.hairs], bool)
    truth = truth * shafts.zoom * np.array(shafts.stretch) - 0.5
    partner = _partners(ends, truth, is_seen, tolerance_px=PAIRED_MM * shafts.px_per_mm)
    margin = BORDER_MM * shafts.px_per_mm
    far = np.array(shafts.darkness.shape[::-1]) - margin
    is_clear = ((ends > margin) & (ends < far)).all(axis=(1, 2))
    # Whether a line on a hair that others cover is a hair, nobody can tell.
    is_clear &= ~np.isin(partner, np.flatnonzero(~is_seen))
    judged = judged_lines(strips, shafts.px_per_mm)
    which = np.repeat(judged[is_clear[judged]], COPIES)
    if not len(which):
        return None
    frames = frames_of(lines, strips, which, shafts.px_per_mm)
    _displace(frames, shafts.px_per_mm, rng)
    values = line_values(strips, features(strips, rooting), sure, shafts.px_per_mm)
    # Lines of no hair are moved nowhere in particular: they have no part in that loss.
    aims = np.concatenate([truth, np.zeros((1, 2, 2))])
    away = aims[partner[which]] - frames[..., :2]
    ux, uy = frames[..., 2], frames[..., 3]
    out = away[..., 0] * ux + away[..., 1] * uy
    left = away[..., 1] * ux - away[..., 0] * uy
    windows = np.clip(end_windows(strips, sure, frames, which, shafts), LEAST_SHARE, MOST_SHARE)
    return Samples(
        windows.astype(np.float16),
        values[which],
        (np.stack([out, left], axis=-1) / shafts.px_per_mm).astype(np.float32),
        (partner[which] >= 0).astype(np.float32),
    )


def _partners(
    ends: NDArray[np.float64],
    truth: NDArray[np.float64],
    is_seen: NDArray[np.bool_],
    *,
    tolerance_px: float,
) -> NDArray[np.intp]:
    """Return the hair of each line, -1 for none; hairs that can be seen are served first."""
    partner = np.full(len(ends), -1)
    for these in (np.flatnonzero(is_seen), np.flatnonzero(~is_seen)):
        free = np.flatnonzero(partner < 0)
        mine, its = pair_ends(
            as_ends(ends[free].reshape(-1, 4)),
            as_ends(truth[these].reshape(-1, 4)),
            tolerance_px=tolerance_px,
        )
        partner[free[mine]] = these[its]
    return partner


def _displace(frames: NDArray[np.float64], px_per_mm: float, rng: np.random.Generator) -> None:
    out = np.clip(
        rng.normal(0, DISPLACED_MM, frames.shape[:2]), -MOST_DISPLACED_MM, MOST_DISPLACED_MM
    )
    left = rng.normal(0, SIDEWAYS_MM, frames.shape[:2])
    out[::COPIES] = left[::COPIES] = 0.0
    ux, uy = frames[..., 2], frames[..., 3]
    frames[..., 0] += (out * ux - left * uy) * px_per_mm
    frames[..., 1] += (out * uy + left * ux) * px_per_mm
