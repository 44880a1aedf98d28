"""Generated scalp photographs as the benchmark uses them: their truth, and how hairs are paired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from imaging.records import HairScore
from imaging.synthetic.scalp import PRESETS, ScalpScene, ScalpSpec, TrueHair, make_scalp
from imaging.synthetic.truth import SEEN_SHARE

from .labelled_frames import Ends, as_ends, pair_ends
from .tool import traced_ends

#: Seeds of the benchmark: far from those that tests, samples and training use.
FIRST_SEED = 70_000

#: Two hairs are the same when the mean distance of their ends is within this: 30 px at 179.5 px/mm.
SAME_HAIR_MM = 30 / 179.5

#: A hair lies along another when less skin than this is between them along this share of it; every
#: so many points of its path are looked at.
SKIN_BETWEEN_MM, ALONG_SHARE, PLACES_STEP = 0.01, 0.5, 3

LONG = "long_crossing"
LONG_DENSITIES_PER_CM2 = (70.0, 80.0, 90.0)

#: Fair hair so sparse that most of the strongest lines of a photograph are skin.
FAIR = "clipped_blond"
SPARSE_DENSITIES_PER_CM2 = (10.0, 20.0)


@dataclass(frozen=True, eq=False)
class Scene:
    """One generated photograph and the name of what it shows."""

    name: str
    truth: ScalpScene

    @property
    def pixels(self) -> NDArray[np.uint8]:
        return self.truth.pixels

    @property
    def px_per_mm(self) -> float:
        return self.truth.px_per_mm


@dataclass(frozen=True)
class SceneTally:
    """Hairs of one photograph inside the frame, paired with those drawn.

    Parameters
    ----------
    missed : mapping of bool to (int, int)
        Drawn hairs missed and drawn hairs in all, by whether they lie along another.
    surplus : int
        Hairs traced that are none of the drawn ones.
    """

    missed: Mapping[bool, tuple[int, int]]
    surplus: int

    @property
    def true(self) -> int:
        return sum(of for _, of in self.missed.values())

    @property
    def misses(self) -> int:
        return sum(missed for missed, _ in self.missed.values())

    @property
    def hits(self) -> int:
        return self.true - self.misses


def draw_scenes(specs: dict[str, ScalpSpec], *, seeds: int) -> Iterator[Scene]:
    """Draw every spec with this many seeds, one at a time."""
    for name, spec in specs.items():
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            yield Scene(name, make_scalp(spec, rng=np.random.default_rng(seed)))


def hairless_presets() -> dict[str, ScalpSpec]:
    """Return the presets without a single hair."""
    return {name: spec for name, spec in PRESETS.items() if spec.units.density_per_cm2 == 0}


def clipped_presets() -> dict[str, ScalpSpec]:
    """Return the presets with hair, all but the long crossing one."""
    hairless = hairless_presets()
    return {n: spec for n, spec in PRESETS.items() if n not in hairless and n != LONG}


def long_specs() -> dict[str, ScalpSpec]:
    """Return long crossing hair at the densities of the bar."""
    return _at_densities(LONG, LONG_DENSITIES_PER_CM2)


def sparse_specs() -> dict[str, ScalpSpec]:
    """Return fair hair with few units."""
    return _at_densities(FAIR, SPARSE_DENSITIES_PER_CM2)


def _at_densities(name: str, densities_per_cm2: tuple[float, ...]) -> dict[str, ScalpSpec]:
    spec = PRESETS[name]
    return {
        f"{name}, {density:g} units/cm²": replace(
            spec, units=replace(spec.units, density_per_cm2=density)
        )
        for density in densities_per_cm2
    }


def countable_hairs(truth: ScalpScene) -> list[TrueHair]:
    """Return the hairs that a person could count: their root in the picture, and to be seen."""
    return [h for h in truth.hairs if h.is_root_inside and h.uncovered >= SEEN_SHARE]


def true_ends(truth: ScalpScene) -> Ends:
    """Return root and tip of every hair that a person could count."""
    return as_ends([(*hair.root, *hair.tip) for hair in countable_hairs(truth)])


def true_diameters_um(truth: ScalpScene) -> NDArray[np.float64]:
    """Return the diameters of the hairs of `true_ends`, in their order."""
    return np.array([hair.diameter_um for hair in countable_hairs(truth)])


def count_inside(ends: Ends, frame: NDArray[np.bool_]) -> int:
    """Return how many roots lie inside the counting frame."""
    height, width = frame.shape
    columns, rows = np.floor(ends[:, 0]).astype(int), np.floor(ends[:, 1]).astype(int)
    is_in = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return int(frame[rows[is_in], columns[is_in]].sum())


def frame_of(score: HairScore, pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the counting frame of a score; the whole photograph where there is none."""
    return np.ones(pixels.shape[:2], bool) if score.frame is None else score.frame


def paired_diameters_um(score: HairScore, truth: ScalpScene) -> NDArray[np.float64]:
    """Return true and measured diameter of every hair found, shape (n, 2)."""
    found, real = pair_ends(
        traced_ends(score), true_ends(truth), tolerance_px=SAME_HAIR_MM * truth.px_per_mm
    )
    measured = np.array([hair.diameter_um for hair in score.hairs])
    pairs = np.column_stack([true_diameters_um(truth)[real], measured[found]])
    return pairs[np.isfinite(pairs).all(axis=1)]


def tally_inside(
    traced: Ends, truth: ScalpScene, frame: NDArray[np.bool_], lies_along: NDArray[np.bool_]
) -> SceneTally:
    """Pair hairs traced and hairs drawn, and count those whose root lies inside the frame.

    Parameters
    ----------
    traced : ndarray of float, shape (n, 4)
        Root and tip.
    truth : ScalpScene
    frame : ndarray of bool, shape (h, w)
    lies_along : ndarray of bool, shape (hairs,)
        Of `lie_along_others`, for the hairs of `true_ends`.
    """
    real = true_ends(truth)
    found_of, real_of = pair_ends(traced, real, tolerance_px=SAME_HAIR_MM * truth.px_per_mm)
    is_missed = np.ones(len(real), bool)
    is_missed[real_of] = False
    missed = {
        along: (count_inside(real[of & is_missed], frame), count_inside(real[of], frame))
        for along, of in ((True, lies_along), (False, ~lies_along))
    }
    return SceneTally(missed, count_inside(np.delete(traced, found_of, axis=0), frame))


def lie_along_others(truth: ScalpScene) -> NDArray[np.bool_]:
    """Return which hairs of `true_ends` have no skin between them and another along half of them.

    Such a pair looks like one hair that is wider, or split; which of the two lies on top does not
    matter.
    """
    places = np.concatenate([hair.path_px for hair in truth.hairs] or [np.zeros((0, 2))])
    owner = np.repeat(np.arange(len(truth.hairs)), [len(hair.path_px) for hair in truth.hairs])
    radius = np.array([hair.diameter_um for hair in truth.hairs]) / 2000 * truth.px_per_mm
    tree = cKDTree(places)
    gap_px = SKIN_BETWEEN_MM * truth.px_per_mm
    lies_along = []
    for hair in countable_hairs(truth):
        path, own = hair.path_px[::PLACES_STEP], hair.diameter_um / 2000 * truth.px_per_mm
        touched: Counter[int] = Counter()
        within = own + radius.max() + gap_px
        for place, near in zip(path, tree.query_ball_point(path, within), strict=True):
            others = owner[near]
            apart = np.linalg.norm(places[near] - place, axis=1)
            touched.update(np.unique(others[apart < own + radius[others] + gap_px]).tolist())
        # A hair touches itself everywhere.
        most = max((n for k, n in touched.items() if truth.hairs[k] is not hair), default=0)
        lies_along.append(most >= ALONG_SHARE * len(path))
    return np.array(lies_along, bool)


def found_by_colour(traced: Ends, truth: ScalpScene) -> dict[str, tuple[int, int]]:
    """Return for each colour how many countable hairs were found, and how many there are."""
    hairs = countable_hairs(truth)
    _, real = pair_ends(traced, true_ends(truth), tolerance_px=SAME_HAIR_MM * truth.px_per_mm)
    is_found = np.isin(np.arange(len(hairs)), real)
    colours = np.array([hair.colour for hair in hairs])
    return {
        str(colour): (int(is_found[colours == colour].sum()), int((colours == colour).sum()))
        for colour in np.unique(colours)
    }
