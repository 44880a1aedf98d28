"""Pairs of labelled photographs: foreign ones, one frame taken twice, units painted out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from imaging.errors import NothingReadableError
from imaging.hair.score import score_photo
from imaging.photo.reading import read_photo
from imaging.records import HairScore, PairPlan, Photo, PhotoInputs
from imaging.settings import Settings

from .followup_scenes import compare
from .labelled_frames import Labels, in_ignore_zone
from .real_hair import LabelledFolder
from .results import Bar, Row
from .tool import as_photo

SECTION = "Follow-up: pairs of labelled photographs"
SEED = 73_000

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]

#: Foreign pairs for each frame that is looked at.
FOREIGN_PER_FRAME = 4
#: What two crops of a frame show: shares of its width and height.  A turned crop lies inside the
#: frame up to the largest turn, so that no border has to be invented.
FIRST_CROP, SECOND_CROP, PAINTED_CROP = (0.9, 0.9), (0.68, 0.66), (0.84, 0.8)
#: A frame has few labelled units: where they are painted out it is turned less, to show more.
MOST_TURN_DEG, PAINTED_TURN_DEG, MOST_LOG_ZOOM = 20.0, 8.0, 0.08
JPEG_QUALITY = 70
#: Roots of one unit, in mm; half the width of what is painted out, and its reach behind the root.
UNIT_MM, PAINT_MM, BEHIND_MM = 0.3, 0.09, 0.12
#: A hair without a label is painted out with the unit whose root is as near as this.
WHOLE_UNIT_MM = 0.35
SURVIVAL = (0.40, 0.95)
#: A found transform is right when the frame's middle lands within this, in mm.
RIGHT_MM = 0.2


@dataclass(frozen=True, eq=False)
class Frame:
    """One labelled frame and its score."""

    photo: Photo
    score: HairScore
    labels: Labels


def measure_real_pairs(labelled: LabelledFolder, count: int, *, method: str) -> Iterator[Row]:
    """Yield what is refused, what is kept, and survival of units that were painted out."""
    rng = np.random.default_rng(SEED)
    names = list(labelled.labels)
    chosen = [names[k] for k in np.sort(rng.permutation(len(names))[: max(2, 2 * count)])]
    frames = [_read(labelled, name) for name in chosen]
    yield from _measure_foreign(frames, rng, method)
    px_per_mm = labelled.px_per_mm
    yield from _measure_genuine(frames, px_per_mm, rng, method)
    yield from _measure_painted(frames, px_per_mm, rng, method)


def _read(labelled: LabelledFolder, name: str) -> Frame:
    path: Path = labelled.folder / name
    photo = read_photo(
        path,
        photo_id=name,
        settings=Settings().photo,
        inputs=PhotoInputs(px_per_mm=labelled.px_per_mm),
    )
    return Frame(photo, score_photo(photo, Settings()), labelled.labels[name])


def _measure_foreign(frames: list[Frame], rng: np.random.Generator, method: str) -> Iterator[Row]:
    pairs = [(a, b) for a in range(len(frames)) for b in range(len(frames)) if a != b]
    chosen = rng.permutation(len(pairs))[: FOREIGN_PER_FRAME * len(frames)]
    refused = []
    for k in chosen:
        a, b = (frames[i] for i in pairs[int(k)])
        refused.append(compare((a.photo, b.photo), (a.score, b.score), PairPlan()) is None)
    label = f"foreign pairs refused, of {len(refused)}"
    yield Row(SECTION, label, method, 100 * float(np.mean(refused)), "%", Bar(low=98), 1)


def _measure_genuine(
    frames: list[Frame], px_per_mm: float, rng: np.random.Generator, method: str
) -> Iterator[Row]:
    accepted, right, residuals, kept, all_hairs = 0, 0, [], 0, 0
    for frame in frames:
        height, width = frame.photo.pixels.shape[:2]
        first_size = (round(FIRST_CROP[0] * width), round(FIRST_CROP[1] * height))
        corner = rng.uniform(0, 1, 2) * (width - first_size[0], height - first_size[1])
        first = _still(np.array([[1, 0, -round(corner[0])], [0, 1, -round(corner[1])]], float))
        second, zoom = _turned(width, height, SECOND_CROP, MOST_TURN_DEG, rng)
        second_size = (round(SECOND_CROP[0] * width), round(SECOND_CROP[1] * height))
        photos = (
            as_photo(_warped(frame.photo.pixels, first, first_size), name="a", px_per_mm=px_per_mm),
            as_photo(
                _relit(_warped(frame.photo.pixels, second, second_size), rng),
                name="b",
                px_per_mm=px_per_mm * zoom,
            ),
        )
        scores = _score(photos)
        found = None if scores is None else compare(photos, scores, PairPlan())
        if found is None or found.transform is None:
            continue
        accepted += 1
        true = second @ np.linalg.inv(first)
        middle = np.array([first_size[0] / 2, first_size[1] / 2, 1.0])
        places = [matrix @ middle for matrix in (true, found.transform)]
        off = np.hypot(*(places[0][:2] / places[0][2] - places[1][:2] / places[1][2]))
        right += bool(off / (px_per_mm * zoom) <= RIGHT_MM)
        residuals.append(found.alignment_error_um)
        kept += found.kept
        all_hairs += found.hairs_baseline
    count = len(frames)
    label = f"genuine pairs accepted, of {count}"
    yield Row(SECTION, label, method, 100 * accepted / count, "%", Bar(low=95), 1)
    if accepted:
        yield Row(SECTION, "  laid rightly, of these", method, 100 * right / accepted, "%", None, 1)
        value = float(np.mean(residuals))
        yield Row(SECTION, "residual", method, value, "µm", Bar(high=40), 0)
        value = 100 * kept / max(1, all_hairs)
        yield Row(SECTION, "hairs in the overlap kept", method, value, "%", Bar(low=97), 1)


def _measure_painted(
    frames: list[Frame], px_per_mm: float, rng: np.random.Generator, method: str
) -> Iterator[Row]:
    errors, refused, living, seen, followed_units = [], 0, 0, 0, 0
    for frame in frames:
        units = _labelled_units(frame.labels, px_per_mm)
        lives = rng.random(len(units)) < rng.uniform(*SURVIVAL)
        whole = _with_unlabelled(units, frame.score, px_per_mm)
        pixels = _paint_out(
            frame.photo.pixels,
            [unit for unit, alive in zip(whole, lives, strict=True) if not alive],
            px_per_mm,
        )
        height, width = pixels.shape[:2]
        matrix, zoom = _turned(width, height, PAINTED_CROP, PAINTED_TURN_DEG, rng)
        size = (round(PAINTED_CROP[0] * width), round(PAINTED_CROP[1] * height))
        later = as_photo(
            _relit(_warped(pixels, matrix, size), rng), name="b", px_per_mm=px_per_mm * zoom
        )
        scores = _score((later,))
        places = np.array([unit[:, :2].mean(axis=0) for unit in units]).reshape(-1, 2)
        plan = PairPlan(
            days=365.0,
            baseline_role="postop",
            graft_map=tuple((float(x), float(y)) for x, y in places),
        )
        found = scores and compare((frame.photo, later), (frame.score, scores[0]), plan)
        if not found:
            refused += 1
            continue
        followed = [m.baseline_hair_id - 1 for m in found.matches if m.kind == "graft"]
        if followed:
            errors.append(found.survival_units_percent - 100 * float(np.mean(lives[followed])))
            living += int(lives[followed].sum())
            followed_units += len(followed)
            seen += sum(m.kind == "graft" and m.state == "kept" for m in found.matches)
    label = f"labelled units painted out: survival error, {len(errors)} frames"
    value = float(np.mean(np.abs(errors))) if errors else math.nan
    yield Row(SECTION, label, method, value, "points", Bar(high=4), 1)
    value = 100 * (seen - living) / followed_units if followed_units else math.nan
    label = f"  the same over all {followed_units} units together: bias"
    yield Row(SECTION, label, method, value, "points", None, 1)
    yield Row(SECTION, "  refused, of these pairs", method, refused, "", None, 0)


def _score(photos: tuple[Photo, ...]) -> tuple[HairScore, ...] | None:
    try:
        return tuple(score_photo(photo, Settings()) for photo in photos)  # type: ignore[return-value]
    except NothingReadableError:
        return None


def _labelled_units(labels: Labels, px_per_mm: float) -> list[NDArray[np.float64]]:
    """Return the ends of the hairs of every unit that was labelled as a hair, shape (k, 4)."""
    is_hair = np.array([name != "abnormal" for name in labels.classes], bool)
    ends = labels.ends[is_hair & ~in_ignore_zone(labels.ends)]
    if len(ends) < 2:
        return [ends] if len(ends) else []
    groups = fcluster(linkage(ends[:, :2], "single"), UNIT_MM * px_per_mm, "distance")
    return [ends[groups == g] for g in np.unique(groups)]


def _with_unlabelled(
    units: list[NDArray[np.float64]], score: HairScore, px_per_mm: float
) -> list[NDArray[np.float64]]:
    """Return units with the hairs besides that were traced nearest to them.

    The labels have not every hair, and a unit of which one hair is left has not been lost.
    """
    if not units:
        return []
    roots = np.concatenate([unit[:, :2] for unit in units])
    unit_of = np.repeat(np.arange(len(units)), [len(unit) for unit in units])
    more: list[list[tuple[float, float, float, float]]] = [[] for _ in units]
    for hair in score.hairs:
        away = np.hypot(*(roots - (hair.root_x_px, hair.root_y_px)).T)
        if away.min() <= WHOLE_UNIT_MM * px_per_mm:
            ends = (hair.root_x_px, hair.root_y_px, hair.tip_x_px, hair.tip_y_px)
            more[unit_of[away.argmin()]].append(ends)
    return [
        np.concatenate([unit, np.array(own).reshape(-1, 4)])
        for unit, own in zip(units, more, strict=True)
    ]


def _paint_out(pixels: Pixels, units: list[NDArray[np.float64]], px_per_mm: float) -> Pixels:
    """Return the photograph with the skin around these units put over them."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    thick = 2 * round(PAINT_MM * px_per_mm)
    for root_x, root_y, tip_x, tip_y in [end for unit in units for end in unit]:
        root, tip = np.array([root_x, root_y]), np.array([tip_x, tip_y])
        along = (tip - root) / max(float(np.hypot(*(tip - root))), 1e-9)
        start = root - BEHIND_MM * px_per_mm * along
        end = tip + 0.5 * PAINT_MM * px_per_mm * along
        cv2.line(mask, *(tuple(np.rint(p).astype(int).tolist()) for p in (start, end)), 1, thick)
    painted = cv2.inpaint(np.ascontiguousarray(pixels), mask, 5, cv2.INPAINT_TELEA)
    # Painted skin is smooth; the camera's noise is not.
    noise = np.random.default_rng(SEED).normal(0.0, 1.5, pixels.shape)
    rough = np.clip(painted + noise, 0, 255).astype(np.uint8)
    return np.where(mask[..., None] > 0, rough, pixels)


def _still(matrix: Matrix) -> Matrix:
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def _turned(
    width: int,
    height: int,
    crop: tuple[float, float],
    most_turn_deg: float,
    rng: np.random.Generator,
) -> tuple[Matrix, float]:
    """Return how a turned crop is taken out of the frame's middle, shape (3, 3), and its zoom."""
    turn = math.radians(rng.uniform(-most_turn_deg, most_turn_deg))
    zoom = math.exp(rng.uniform(0.0, MOST_LOG_ZOOM))
    centre = np.array([width, height]) / 2 + rng.uniform(-0.02, 0.02, 2) * (width, height)
    target = np.array([crop[0] * width, crop[1] * height]) / 2
    cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
    linear = np.array([[cos, -sin], [sin, cos]])
    return _still(np.column_stack([linear, target - linear @ centre])), zoom


def _warped(pixels: Pixels, matrix: Matrix, size: tuple[int, int]) -> Pixels:
    # OpenCV puts the middle of a pixel at whole numbers, matrices here at halves.
    half = _still(np.array([[1, 0, 0.5], [0, 1, 0.5]], float))
    own = (np.linalg.inv(half) @ matrix @ half)[:2]
    return np.asarray(
        cv2.warpAffine(pixels, own, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )


def _relit(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return pixels under other light, uneven and tinted, as a JPEG of low quality keeps them."""
    height, width = pixels.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    slope = rng.uniform(-0.12, 0.12, 2)
    factors = rng.uniform(0.85, 1.1) * rng.uniform(0.93, 1.07, 3)
    light = (1.0 + slope[0] * x + slope[1] * y)[..., None] * factors
    lit = np.clip(255.0 * (pixels / 255.0) ** rng.uniform(0.85, 1.15) * light, 0, 255)
    rgb = lit.astype(np.uint8)
    _, packed = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    return np.asarray(
        cv2.cvtColor(cv2.imdecode(packed, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8
    )
