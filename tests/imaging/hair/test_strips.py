"""Of many candidate lines each hair keeps one, with its width."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hairs import Line, evidence_of, neighbours, photograph, straight

from imaging.hair.lines import no_lines
from imaging.hair.strips import choose_strips
from imaging.hair.tracks import find_tracks
from imaging.settings import HairSettings

DEFAULTS = HairSettings()


def touching(line: Line) -> Line:
    """Return a shaft that touches `line` along its whole length."""
    along = line.path_mm[-1] - line.path_mm[0]
    normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    return Line(line.path_mm + normal * line.width_um / 1000.0)


def test_of_many_copies_of_one_hair_one_strip_is_chosen() -> None:
    evidence = evidence_of(photograph([straight(0.8, 0.9)]))
    tracks = find_tracks(evidence, DEFAULTS)
    strips, usual_mm = choose_strips(tracks, evidence, DEFAULTS)
    assert len(tracks) > 1
    assert len(strips) == 1
    assert usual_mm == pytest.approx(0.07, abs=0.015)


def test_a_second_copy_of_every_candidate_adds_no_strip() -> None:
    evidence = evidence_of(photograph([*neighbours(), touching(neighbours()[4])]))
    tracks = find_tracks(evidence, DEFAULTS)
    once, _ = choose_strips(tracks, evidence, DEFAULTS)
    twice, _ = choose_strips(tracks.joined(tracks), evidence, DEFAULTS)
    assert len(twice) == len(once)


def test_without_candidates_there_are_no_strips_and_no_usual_width() -> None:
    strips, usual_mm = choose_strips(no_lines(), evidence_of(photograph([])), DEFAULTS)
    assert strips == []
    assert np.isnan(usual_mm)


def test_a_strip_that_must_explain_more_is_chosen_less_often() -> None:
    evidence = evidence_of(photograph([*neighbours(), straight(0.5, 1.9, length_mm=0.2)]))
    tracks = find_tracks(evidence, DEFAULTS)
    counts = [
        len(choose_strips(tracks, evidence, HairSettings(min_worth_mm=worth))[0])
        for worth in (0.02, 0.05, 0.15, 0.3, 1.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_two_hairs_that_touch_are_two_strips_of_usual_width_and_not_one_wide_one() -> None:
    line = straight(0.8, 0.9)
    evidence = evidence_of(photograph([line, touching(line)]))
    strips, _ = choose_strips(find_tracks(evidence, DEFAULTS), evidence, DEFAULTS)
    assert len(strips) == 2
    assert max(strip.width_mm for strip in strips) <= 0.1


def test_a_strip_explains_no_more_than_its_length() -> None:
    evidence = evidence_of(photograph(neighbours()))
    strips, _ = choose_strips(find_tracks(evidence, DEFAULTS), evidence, DEFAULTS)
    for strip in strips:
        length_mm = len(strip.points) * strip.step_px / evidence.px_per_mm
        assert DEFAULTS.min_worth_mm <= strip.worth_mm <= length_mm
        assert DEFAULTS.min_support <= strip.support <= 1.0
