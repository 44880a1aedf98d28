"""One photo's score held against its reference: what is counted, and the figures made of it.

A tally holds counts only, so that figures of any choice of photos are sums: pooled over photos,
never a mean of ratios of small numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ReferenceMismatchError
from ..hair.ends import Ends, as_ends, pair_ends, pair_points
from ..records import Photo
from .agreement_icc import icc_values, mean_squares
from .references import Kind, Reference
from .references_masks import read_mask
from .wings import Wing

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A hair lies in an ignored area when one of its ends does, or a place this often along it.
_PLACES_ALONG = 9
#: Fewer pairs than this make no intraclass correlation.
_LEAST_PAIRS = 3


@dataclass(frozen=True)
class Tally:
    """What was counted on one photo at one choice of settings.

    ``hits``, ``surplus`` and ``misses`` are hairs, points, or pixels; ``pairs`` holds what the
    machine and the reference say of the same thing, machine first.  ``failure`` is empty, or says
    why the photo could not be scored; all else is then 0.
    """

    hits: float = 0.0
    surplus: float = 0.0
    misses: float = 0.0
    pairs: tuple[tuple[float, float], ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Metric:
    """A figure of tallies.

    ``sign`` is 1 where more is better, else −1; ``tolerance`` is how far the figure may move before
    it is another result, unless the person says otherwise.
    """

    name: str
    meaning: str
    of: Callable[[Sequence[Tally]], float]
    sign: int
    kinds: tuple[Kind, ...]
    tolerance: float = 0.005
    unit: str = field(default="")


def _f1(tallies: Sequence[Tally]) -> float:
    hits, surplus, misses = _sums(tallies)
    total = 2 * hits + surplus + misses
    # Nothing there and nothing found: all is right.
    return 2 * hits / total if total else 1.0


def _precision(tallies: Sequence[Tally]) -> float:
    hits, surplus, _ = _sums(tallies)
    return hits / (hits + surplus) if hits + surplus else math.nan


def _recall(tallies: Sequence[Tally]) -> float:
    hits, _, misses = _sums(tallies)
    return hits / (hits + misses) if hits + misses else math.nan


def _count_error(tallies: Sequence[Tally]) -> float:
    return _mean([abs(m - r) / max(1.0, r) for m, r in _pairs(tallies)])


def _count_bias(tallies: Sequence[Tally]) -> float:
    return _mean([(m - r) / max(1.0, r) for m, r in _pairs(tallies)])


def _difference(tallies: Sequence[Tally]) -> float:
    return _mean([abs(m - r) for m, r in _pairs(tallies)])


def _icc(tallies: Sequence[Tally]) -> float:
    pairs = np.array(_pairs(tallies), np.float64)
    if len(pairs) < _LEAST_PAIRS or not np.isfinite(pairs).all():
        return math.nan
    return icc_values(mean_squares(pairs))["ICC(2,1)"]


_FOUND: tuple[Kind, ...] = ("hairs", "points")
_NUMBERS: tuple[Kind, ...] = ("hairs", "points", "count", "scores")

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("f1", "2 hits / (2 hits + surplus + misses)", _f1, 1, _FOUND),
        Metric("precision", "hits / all found", _precision, 1, (*_FOUND, "mask")),
        Metric("recall", "hits / all that are there", _recall, 1, (*_FOUND, "mask")),
        Metric("dice", "2 overlap / (machine + reference), pixels", _f1, 1, ("mask",)),
        Metric("count_error", "mean |machine − reference| / reference", _count_error, -1, _NUMBERS),
        Metric("icc", "ICC(2,1) of machine and reference", _icc, 1, _NUMBERS),
        Metric("difference", "mean |machine − reference|", _difference, -1, _NUMBERS, 0.05),
    )
}
#: Shown beside the others, but nothing to be tuned for: it is best at 0, not at an end.
BIAS = Metric("count_bias", "mean (machine − reference) / reference", _count_bias, 0, _NUMBERS)

DEFAULT_METRIC: dict[Kind, str] = {
    "hairs": "f1",
    "points": "f1",
    "mask": "dice",
    "count": "count_error",
    "scores": "icc",
}


def metrics_of(kind: Kind) -> list[Metric]:
    """Return the figures that references of this kind allow, the one to tune for first."""
    allowed = [metric for metric in METRICS.values() if kind in metric.kinds]
    allowed.sort(key=lambda metric: metric.name != DEFAULT_METRIC[kind])
    return [*allowed, BIAS] if kind in BIAS.kinds else allowed


def figure_of(metric: Metric, tallies: Sequence[Tally]) -> float:
    """Return a figure; NaN where a photo could not be scored, because it would be of fewer."""
    return math.nan if any(tally.failure for tally in tallies) else metric.of(tallies)


@dataclass(frozen=True, eq=False)
class Target:
    """A reference made ready for one photo: its mask and its ignored area are loaded."""

    reference: Reference
    mask: Mask | None
    ignored: Mask | None


def prepare(reference: Reference, photo: Photo) -> Target:
    """Load what a reference needs and check that it is of this photo's size.

    Raises
    ------
    ReferenceMismatchError
        It has another size than the photo, lies outside, or a mask cannot be read.
    """
    shape = (photo.height_px, photo.width_px)
    if reference.size_px is not None and reference.size_px != shape[::-1]:
        raise _size_error(photo, reference.size_px)
    slack = 0.02 * max(shape)
    # A hair may run out of the photo; one of which neither end lies in it belongs to another.
    ends = reference.ends.reshape(-1, 2, 2)
    is_seen = _is_within(ends, shape, slack).any(axis=1)
    places = np.concatenate([ends[~is_seen].reshape(-1, 2), reference.points])
    if not _is_within(places, shape, slack).all():
        x, y = places[~_is_within(places, shape, slack)][0]
        raise ReferenceMismatchError(
            f"The reference of {photo.photo_id!r} lies at x = {x:g}, y = {y:g}, outside the photo "
            f"of {shape[1]} by {shape[0]} px."
        )
    for area in reference.areas:
        if (area.points.max(axis=0) > np.array(shape[::-1]) + slack).any():
            raise _size_error(photo, tuple(int(v) for v in area.points.max(axis=0)))
    for _, drawn in reference.masks:
        if drawn.shape != shape:
            raise _size_error(photo, drawn.shape[::-1])
    mask: Mask | None = None
    if reference.kind == "mask":
        path = reference.mask_path
        mask = reference.mask(shape) if path is None else read_mask(path, photo)
    ignored = reference.ignored_path
    inside = replace(reference, ends=_cut_to_photo(ends, shape))
    return Target(inside, mask, None if ignored is None else read_mask(ignored, photo))


def _is_within(places: Floats, shape: tuple[int, int], slack: float) -> Mask:
    """Tell which places (x, y in the last axis) lie in the photo, or this near to it."""
    low, high = -slack, np.array(shape[::-1]) + slack
    return np.asarray(((places >= low) & (places <= high)).all(axis=-1), np.bool_)


def _cut_to_photo(ends: Floats, shape: tuple[int, int]) -> Ends:
    """Move ends beyond the photo's edge along their hair to the edge: more of it nobody can trace.

    Parameters
    ----------
    ends : ndarray, shape (n, 2, 2)
        Of each hair the root and the tip, x and y; not both beyond one edge by much.

    Returns
    -------
    ndarray, shape (n, 4)
    """
    cut = ends.copy()
    for axis, size in enumerate(shape[::-1]):
        for end in (0, 1):
            here, there = cut[:, end], cut[:, 1 - end]
            edge = np.clip(here[:, axis], 0, size)
            run = here[:, axis] - there[:, axis]
            # A hair that lies beyond the edge as a whole, within the slack, is left as it is.
            is_cut = (edge != here[:, axis]) & ((edge - there[:, axis]) * run > 0)
            share = np.divide(edge - there[:, axis], run, out=np.ones_like(run), where=is_cut)
            cut[:, end] = there + share[:, None] * (here - there)
    return cut.reshape(-1, 4)


def tally(
    target: Target, photo: Photo, score: Any, wing: Wing, *, tolerance: float, is_mm: bool
) -> Tally:
    """Hold a score against its reference.

    Parameters
    ----------
    target : Target
    photo : Photo
    score : HairScore or FaceScore
    wing : Wing
    tolerance : float
        How far apart ends or points may lie, in the mean.
    is_mm : bool
        Whether it is in mm; a photo without scale then fails.
    """
    reference = target.reference
    if reference.kind == "mask":
        masks = wing.draw_masks(photo, score)
        found = masks["hairs" if wing.name == "hair" else "pigment"] > 0
        return _mask_tally(found, target)
    if reference.kind in ("count", "scores"):
        return Tally(pairs=tuple(_rated(reference, score)))
    tolerance_px = tolerance
    if is_mm:
        tolerance_px = tolerance * score.px_per_mm
        if not math.isfinite(tolerance_px):
            return Tally(failure="no scale: a tolerance in mm has no meaning")
    traced = as_ends([(h.root_x_px, h.root_y_px, h.tip_x_px, h.tip_y_px) for h in score.hairs])
    if reference.kind == "hairs":
        return _hair_tally(traced, reference.ends, target.ignored, tolerance_px)
    roots = traced[:, :2]
    twice = np.hstack([roots, roots]), np.hstack([reference.points, reference.points])
    return _hair_tally(*twice, target.ignored, tolerance_px)


def _hair_tally(traced: Ends, real: Ends, ignored: Mask | None, tolerance_px: float) -> Tally:
    """Pairs whose label is ignored, and ignored hairs without a partner, count on neither side."""
    left_out, real_out = _is_in(traced, ignored), _is_in(real, ignored)
    if (traced[:, :2] == traced[:, 2:]).all() and (real[:, :2] == real[:, 2:]).all():
        found, paired = pair_points(traced[:, :2], real[:, :2], tolerance_px=tolerance_px)
    else:
        found, paired = pair_ends(traced, real, tolerance_px=tolerance_px)
    hits = float((~real_out[paired]).sum())
    is_free, is_missed = ~left_out, ~real_out
    is_free[found], is_missed[paired] = False, False
    surplus, misses = float(is_free.sum()), float(is_missed.sum())
    return Tally(hits, surplus, misses, ((hits + surplus, hits + misses),))


def _is_in(ends: Ends, mask: Mask | None) -> Mask:
    if mask is None or not len(ends):
        return np.zeros(len(ends), bool)
    share = np.linspace(0.0, 1.0, _PLACES_ALONG)[None, :, None]
    places = ends[:, None, :2] + share * (ends[:, None, 2:] - ends[:, None, :2])
    height, width = mask.shape
    column = np.clip(np.floor(places[..., 0]), 0, width - 1).astype(np.intp)
    row = np.clip(np.floor(places[..., 1]), 0, height - 1).astype(np.intp)
    return np.asarray(mask[row, column].any(axis=1), np.bool_)


def _mask_tally(found: Mask, target: Target) -> Tally:
    if target.mask is None:
        raise ValueError("a mask was not loaded")
    seen = np.ones(found.shape, bool) if target.ignored is None else ~target.ignored
    overlap = float((found & target.mask & seen).sum())
    return Tally(
        overlap,
        float((found & seen).sum()) - overlap,
        float((target.mask & seen).sum()) - overlap,
    )


def _rated(reference: Reference, score: Any) -> list[tuple[float, float]]:
    """Pair each outcome, of the photo or of a region, with the mean of its readers."""
    by_what: dict[tuple[str, str], list[float]] = {}
    for rating in reference.ratings:
        by_what.setdefault((rating.region, rating.outcome), []).append(rating.value)
    pairs = []
    for (region, outcome), values in sorted(by_what.items()):
        holder = score
        if region:
            holder = next((r for r in score.regions if r.region == region), None)
        machine = float(getattr(holder, outcome, math.nan))
        pairs.append((machine, float(np.mean(values))))
    return pairs


def _size_error(photo: Photo, size_px: Sequence[int]) -> ReferenceMismatchError:
    return ReferenceMismatchError(
        f"The reference of {photo.photo_id!r} is {size_px[0]} by {size_px[1]} px, the photo "
        f"{photo.width_px} by {photo.height_px} px."
    )


def _sums(tallies: Sequence[Tally]) -> tuple[float, float, float]:
    return (
        math.fsum(t.hits for t in tallies),
        math.fsum(t.surplus for t in tallies),
        math.fsum(t.misses for t in tallies),
    )


def _pairs(tallies: Sequence[Tally]) -> list[tuple[float, float]]:
    return [pair for t in tallies for pair in t.pairs]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
