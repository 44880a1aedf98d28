"""Pixels that point at the same two ends are one hair."""

from __future__ import annotations

import cv2
import numpy as np

from imaging.hair.bands import room_of_lines
from imaging.hair.evidence import EndVotes, ShaftEvidence
from imaging.hair.voted_ends import settle_ends
from imaging.hair.voted_hair import FEATURES, confidence, features
from imaging.hair.votes import collect_hairs
from imaging.hair.walks import walk_to_end
from imaging.settings import HairSettings

PX_PER_MM, STRIDE, REACH_MM = 110.0, 2, 1.0
PIXEL_MM = STRIDE / PX_PER_MM
SHAPE = (330, 440)
SETTINGS = HairSettings()
LOGISTIC = (0.0,) * (1 + len(FEATURES))

Line = tuple[tuple[float, float], tuple[float, float]]


def evidence_of(lines: list[Line], *, width_mm: float = 0.07) -> ShaftEvidence:
    """Return what a perfect network would say of straight hairs (mm, root first)."""
    shape = (SHAPE[0] // STRIDE, SHAPE[1] // STRIDE)
    core, width = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    ends = np.zeros((4, *shape), np.float32)
    darkness = np.zeros(SHAPE, np.float32)
    for root, tip in lines:
        ends_px = [np.array(end) * PX_PER_MM - 0.5 for end in (root, tip)]
        shaft = np.zeros(SHAPE, np.uint8)
        points = np.rint(np.array(ends_px) * 16).astype(np.int32)
        cv2.line(shaft, *map(tuple, points.tolist()), 1, round(width_mm * PX_PER_MM), shift=4)
        darkness = np.maximum(darkness, 0.9 * shaft)
        inner = np.zeros(SHAPE, np.uint8)
        cv2.line(inner, *map(tuple, points.tolist()), 1, round(0.6 * width_mm * PX_PER_MM), shift=4)
        rows, columns = np.nonzero(inner[::STRIDE, ::STRIDE])
        place = (np.column_stack([columns, rows]) + 0.5) * PIXEL_MM
        run = np.array(tip) - np.array(root)
        length = float(np.hypot(*run))
        way = run / length
        to_root = np.clip((place - root) @ way, 0.0, min(length, REACH_MM))
        to_tip = np.clip((np.array(tip) - place) @ way, 0.0, min(length, REACH_MM))
        core[rows, columns], width[rows, columns] = 0.95, width_mm
        ends[:2, rows, columns] = -way[:, None] * to_root
        ends[2:, rows, columns] = way[:, None] * to_tip
    votes = EndVotes(core, ends, core, core, width, STRIDE, REACH_MM, LOGISTIC)
    return ShaftEvidence(darkness, darkness, (), np.ones(SHAPE, bool), PX_PER_MM, 1.0, votes)


def ends_of(evidence: ShaftEvidence) -> list[np.ndarray]:
    hairs = collect_hairs(evidence, SETTINGS)
    return [(hair.points[[0, -1]] + 0.5) / PX_PER_MM for hair in hairs]


def test_one_hair_is_found_once_with_its_root_first() -> None:
    root, tip = (1.0, 1.0), (1.4, 1.3)
    (found,) = ends_of(evidence_of([(root, tip)]))
    # Half a vote's pixel and the rounding of the drawing.
    np.testing.assert_allclose(found, [root, tip], atol=0.05)


def test_hairs_that_touch_side_by_side_are_two() -> None:
    lines = [((1.0, 1.0), (1.5, 1.0)), ((1.02, 1.09), (1.52, 1.09))]
    assert len(ends_of(evidence_of(lines))) == 2


def test_hairs_that_cross_are_two_with_their_own_ends() -> None:
    lines = [((1.0, 1.0), (1.6, 1.0)), ((1.3, 0.7), (1.3, 1.3))]
    found = ends_of(evidence_of(lines))
    assert len(found) == 2
    for line in lines:
        assert min(np.abs(ends - np.array(line)).max() for ends in found) < 0.06


def test_hairs_that_fan_out_of_one_ostium_are_two() -> None:
    lines = [((1.0, 1.0), (1.6, 0.85)), ((1.0, 1.02), (1.6, 1.2))]
    assert len(ends_of(evidence_of(lines))) == 2


def test_a_hair_longer_than_the_reach_is_walked_to_its_ends() -> None:
    line = ((0.5, 0.5), (3.2, 2.0))
    (found,) = ends_of(evidence_of([line]))
    np.testing.assert_allclose(found, line, atol=0.12)


def test_no_shaft_gives_no_hair() -> None:
    assert ends_of(evidence_of([])) == []


def test_a_stricter_vote_finds_no_more_hairs() -> None:
    lines = [((1.0, 0.5 + 0.3 * k), (1.5, 0.6 + 0.3 * k)) for k in range(5)]
    evidence = evidence_of(lines)
    counts = [
        len(collect_hairs(evidence, HairSettings(min_votes=least))) for least in (1.0, 20.0, 90.0)
    ]
    assert counts[0] == 5
    assert counts == sorted(counts, reverse=True)


def test_a_walk_ends_where_the_shaft_does() -> None:
    evidence = evidence_of([((1.0, 1.0), (1.5, 1.0))])
    assert evidence.votes is not None
    start = np.array([[1.25, 1.0]])
    for to_tip, end in ((True, 1.5), (False, 1.0)):
        walk = walk_to_end(evidence.votes, start, to_tip=to_tip, pixel_mm=PIXEL_MM)
        assert walk.is_end.all()
        np.testing.assert_allclose(walk.end, [[end, 1.0]], atol=0.03)


def test_ends_settle_on_the_darkness() -> None:
    evidence = evidence_of([((1.0, 1.0), (1.6, 1.0))])
    too_long = np.column_stack([np.arange(100.0, 184.0, 1.5), np.full(56, 109.5)])
    (line,) = settle_ends([too_long], evidence, SETTINGS, step_px=1.5)
    # The drawn shaft has round caps of half its width.
    np.testing.assert_allclose(line[0, 0], 1.0 * PX_PER_MM - 4, atol=3.0)
    np.testing.assert_allclose(line[-1, 0], 1.6 * PX_PER_MM + 3, atol=4.5)


def test_a_band_of_one_width_has_no_room_for_a_second_line() -> None:
    lines: list[Line] = [((0.6 * k + 0.4, 0.5), (0.6 * k + 0.6, 1.0)) for k in range(6)]
    evidence = evidence_of(lines)
    paths = [
        np.linspace(np.array(root) * PX_PER_MM, np.array(tip) * PX_PER_MM, 37)
        for root, tip in lines
    ]
    room = room_of_lines([*paths, paths[0] + [2.0, 0.0]], [0.07] * 7, evidence)
    assert min(room[:6]) >= 1.0
    assert room[6] < 0.7


def test_confidence_is_the_logistic_of_the_features() -> None:
    hairs = collect_hairs(evidence_of([((1.0, 1.0), (1.5, 1.0))]), SETTINGS)
    logistic = tuple(np.linspace(-0.5, 0.5, 1 + len(FEATURES)))
    z = logistic[0] + features(hairs) @ np.array(logistic[1:])
    np.testing.assert_allclose(confidence(hairs, logistic), 1 / (1 + np.exp(-z)))
