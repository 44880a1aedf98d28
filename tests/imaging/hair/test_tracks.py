"""Candidate lines lie on shafts, are long enough, and pass crossings straight on."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, evidence_of, neighbours, photograph, straight

from imaging.hair import tracks
from imaging.hair.lines import STEP_PX, Lines, cut_to_shafts
from imaging.hair.tracks import _Volume, _wrapped, find_tracks
from imaging.settings import HairSettings

DEFAULTS = HairSettings()


def points_of_each(lines: Lines) -> list[np.ndarray]:
    return np.split(lines.points, lines.starts[1:-1])


def test_no_candidate_is_shorter_than_the_shortest_hair_and_each_lies_on_something_dark() -> None:
    evidence = evidence_of(photograph(neighbours()))
    tracks = find_tracks(evidence, DEFAULTS)
    assert len(tracks)
    assert tracks.counts.min() * STEP_PX >= DEFAULTS.min_length_mm * PX_PER_MM - 1e-6
    assert tracks.plateaus.min() >= DEFAULTS.min_shaft_density


def test_a_higher_bar_for_seeds_or_for_shafts_never_finds_more_candidates() -> None:
    evidence = evidence_of(photograph([*neighbours(), straight(0.5, 1.9, density=(0.5,) * 3)]))
    by_seed = [
        len(find_tracks(evidence, HairSettings(seed_response=v))) for v in (0.05, 0.1, 0.3, 0.6, 1)
    ]
    assert by_seed == sorted(by_seed, reverse=True)
    by_shaft = [
        len(find_tracks(evidence, HairSettings(min_shaft_density=v))) for v in (0.1, 0.4, 0.8, 1.0)
    ]
    assert by_shaft == sorted(by_shaft, reverse=True)
    assert by_seed[0] > by_seed[-1]


def test_the_points_of_a_candidate_are_a_step_apart() -> None:
    tracks = find_tracks(evidence_of(photograph([straight(0.8, 0.9)])), DEFAULTS)
    for points in points_of_each(tracks):
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        # Each step is followed by a shift of at most a quarter pixel onto the ridge.
        assert np.abs(steps - STEP_PX).max() <= 0.3


def test_a_line_passes_a_crossing_straight_on() -> None:
    lines = [
        straight(0.75, 1.0, angle_deg=0.0, length_mm=0.9),
        straight(1.2, 0.55, angle_deg=90.0, length_mm=0.9),
    ]
    tracks = find_tracks(evidence_of(photograph(lines)), DEFAULTS)
    longest = max(points_of_each(tracks), key=len)
    run = longest[-1] - longest[0]
    assert np.linalg.norm(run) == pytest.approx(0.9 * PX_PER_MM, abs=8)
    # From one rim of the shaft to the other at most: a candidate need not run in its middle.
    assert np.abs(run).min() <= 0.07 * PX_PER_MM


def test_bare_skin_has_no_candidate() -> None:
    assert len(find_tracks(evidence_of(photograph([])), DEFAULTS)) == 0


# -- cutting a line to its shaft


def cut_all(*darkness: list[float], plateau: float | None = 1.0, **settings: float) -> Lines:
    """Return lines of this darkness along them, 1.5 px between points, cut to their shafts."""
    counts = np.array([len(values) for values in darkness])
    along = np.concatenate([1.5 * np.arange(count) for count in counts])
    lines = Lines(
        np.column_stack([along, np.zeros(len(along))]).astype(np.float32),
        np.zeros(len(along), np.float32),
        counts,
        np.full(len(counts), 0.0 if plateau is None else plateau, np.float32),
    )
    return cut_to_shafts(
        lines,
        np.concatenate(darkness).astype(np.float32),
        evidence_of(photograph([])),
        HairSettings(**settings),
        has_plateau=plateau is not None,
    )[0]


def cut(darkness: list[float], **settings: float) -> slice | None:
    """Return which of the points of one line are left; the plateau is 1."""
    found = cut_all(darkness, **settings)
    if not len(found):
        return None
    first, last = found.points[[0, -1], 0] / 1.5
    return slice(round(float(first)), round(float(last)) + 1)


def test_a_line_is_cut_where_darkness_falls_below_its_share_of_the_plateau() -> None:
    assert cut([0.1] * 7 + [1.0] * 20 + [0.3] * 9) == slice(7, 27)
    assert cut([0.1] * 7 + [0.6] * 20, end_fraction=0.6) == slice(7, 27)
    assert cut([0.1] * 7 + [0.6] * 20, end_fraction=0.65) is None


def test_a_short_break_by_a_reflection_does_not_end_a_line_but_a_long_one_does() -> None:
    assert cut([1.0] * 15 + [0.0] * 3 + [1.0] * 15) == slice(0, 33)
    assert cut([1.0] * 15 + [0.0] * 6 + [1.0] * 20) == slice(21, 41)


def test_a_line_with_too_short_a_dark_part_is_dropped() -> None:
    assert cut([0.0] * 10 + [1.0] * 5 + [0.0] * 10) is None


def test_a_pale_line_is_dropped() -> None:
    assert len(cut_all([0.05] * 30, plateau=None)) == 0


def test_lines_that_are_cut_together_are_cut_as_each_by_itself() -> None:
    lines = [
        [0.1] * 7 + [1.0] * 20 + [0.3] * 9,
        [0.05] * 30,
        [1.0] * 5,
        [0.9] * 15 + [0.0] * 6 + [1.0] * 20,
        [0.6] * 40,
    ]
    together = points_of_each(cut_all(*lines, plateau=None))
    alone = [part for line in lines for part in points_of_each(cut_all(line, plateau=None))]
    alone = [part for part in alone if len(part)]
    assert [len(part) for part in together] == [20, 20, 40]
    assert all((a == b).all() for a, b in zip(together, alone, strict=True))


def test_the_plateau_is_the_upper_quartile_along_the_line() -> None:
    (plateau,) = cut_all([*np.linspace(0.5, 1.0, 41)], plateau=None, end_fraction=0.1).plateaus
    assert plateau == pytest.approx(0.875)


@pytest.mark.parametrize("count", [12, 16, 18])
def test_angles_wrap_as_the_remainder_does(count: int) -> None:
    whole = np.arange(-4, 9, dtype=np.float32) * count
    near = [np.nextafter(whole, np.float32(side)) for side in (-np.inf, np.inf)]
    far = np.random.default_rng(4).uniform(-4 * count, 9 * count, 100_000).astype(np.float32)
    for turn in (whole, *near, far):
        assert np.array_equal(_wrapped(turn, count), turn % count)


def test_a_volume_is_read_between_pixels_and_angles_which_wrap() -> None:
    # Of x, y and angle it is a product of straight lines, so that what lies between is known.
    height, width, count = 20, 30, 18
    plane = (1.0 + np.arange(height)[:, None]) * (2.0 + np.arange(width))
    volume = _Volume.of((np.arange(count)[:, None, None] * plane).astype(np.float32))
    x, y, place = (np.array(v, np.float32) for v in ([3.25, 29.0], [7.5, 19.0], [4.5, 17.5]))
    found = volume.read(x, y, place * np.float32(np.pi / count))
    # Between the last angle and the first lies half of the last one's.
    assert found == pytest.approx([4.5 * 8.5 * 5.25, 8.5 * 20 * 31], rel=1e-5)
    outside = volume.read(x + 99, y - 99, np.zeros(2, np.float32) + np.float32(np.pi / count))
    assert outside == pytest.approx([31.0, 31.0], rel=1e-5)


def test_a_volume_too_tall_for_one_look_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    volume = _Volume.of(rng.random((18, 40, 50), np.float32))
    x, y = rng.uniform(-2, 52, (5, 400)).astype(np.float32), rng.uniform(-2, 42, (5, 400))
    angle = rng.uniform(-4, 4, 400).astype(np.float32)
    whole = volume.read(x, y.astype(np.float32), angle)
    monkeypatch.setattr(tracks, "MOST_REMAPPED", 130)
    parts = volume.read(x, y.astype(np.float32), angle)
    np.testing.assert_allclose(parts, whole, atol=1e-3)
