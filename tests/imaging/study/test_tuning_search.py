"""Plateaus before peaks, folds that part no subject, ranges out of settings."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.errors import SettingsError, UsageError
from imaging.settings import Settings
from imaging.study.tuning_search import choose_value, find_plateau, make_folds
from imaging.study.tuning_space import (
    dearest_first,
    grid_points,
    parse_axis,
    sampled_points,
)


def axis(text: str, steps: int = 5):
    return parse_axis(text, Settings(), wing="hair", steps=steps)


def test_a_wide_plateau_is_preferred_to_a_peak_that_is_no_better_than_the_tolerance() -> None:
    worths = [0.1, 0.803, 0.1, 0.8, 0.8, 0.8, 0.1]
    plateau = find_plateau(worths, tolerance=0.005)
    assert (plateau.low, plateau.high, plateau.middle) == (3, 5, 4)
    assert find_plateau(worths, tolerance=0.001).middle == 1


def test_the_value_in_force_stays_while_it_is_as_good() -> None:
    moved = axis("hair.min_confidence=0.1,0.3,0.5,0.65,0.9")
    assert choose_value(moved, [0.2, 0.9, 0.9, 0.896, 0.1], 0.65, tolerance=0.005) == 0.65
    assert choose_value(moved, [0.2, 0.9, 0.9, 0.5, 0.1], 0.65, tolerance=0.005) in (0.3, 0.5)
    nothing = [-np.inf] * 5
    assert choose_value(moved, nothing, 0.65, tolerance=0.005) == 0.65


def test_subjects_are_not_parted_and_every_photo_is_held_out_once() -> None:
    photos = [f"s{n // 3}_{n % 3}" for n in range(12)]
    groups = {photo: photo[:2] for photo in photos}
    folds = make_folds(photos, groups, folds=3, rng=np.random.default_rng(1))
    assert sorted(p for fold in folds for p in fold) == sorted(photos)
    for fold in folds:
        assert {groups[p] for p in fold}.isdisjoint(groups[p] for p in photos if p not in fold)
    assert (
        make_folds(photos, dict.fromkeys(photos, "one"), folds=3, rng=np.random.default_rng(1))
        == []
    )


def test_a_range_holds_its_ends_and_the_value_in_force() -> None:
    values = axis("hair.min_confidence=0.2:0.8:4").values
    assert values == (0.2, 0.4, 0.6, 0.65, 0.8)
    assert axis("hair.polarity").values == ("auto", "dark", "light")
    assert axis("hair.max_hairs_per_unit=3:6").values == (3, 4, 5, 6)
    wide = axis("hair.seed_response=0.01:1:3").values
    assert wide == (0.01, 0.08, 0.1, 1.0)


@pytest.mark.parametrize(
    ("text", "kind", "part"),
    [
        ("hair.min_confidnce", SettingsError, "Did you mean hair.min_confidence"),
        ("hair.min_confidence=0.2:1.5", SettingsError, "outside its range"),
        ("hair.min_confidence=0.8:0.2", UsageError, "not below"),
        ("hair.min_confidence=0.5", UsageError, "is no range"),
        ("hair.min_confidence=0.2:0.8:x", UsageError, "no number of steps"),
        ("face.anonymise", UsageError, "changes no number of a hair photo"),
        ("photo.max_megapixels=10:20", UsageError, "changes no number"),
        ("hair.segmenter", UsageError, "takes any text"),
    ],
)
def test_a_wrong_move_is_told(text: str, kind: type[Exception], part: str) -> None:
    with pytest.raises(kind, match=part):
        axis(text)


def test_samples_are_seeded_lie_in_the_range_and_fill_it() -> None:
    axes = [axis("hair.min_confidence=0.2:0.8:4"), axis("hair.unit_link_mm=0.1:0.5")]
    points = sampled_points(axes, 32, seed=4)
    assert points == sampled_points(axes, 32, seed=4) != sampled_points(axes, 32, seed=5)
    first = np.array([dict(p)["hair.min_confidence"] for p in points])
    assert first.min() >= 0.2
    assert first.max() <= 0.8
    assert np.ptp(first) > 0.5


def test_too_large_a_grid_is_refused() -> None:
    many = [axis(f"hair.{n}", 60) for n in ("min_confidence", "unit_link_mm", "min_support")]
    with pytest.raises(UsageError, match="is the limit"):
        grid_points(many)


def test_points_that_share_the_dearest_stage_follow_each_other() -> None:
    axes = [axis("hair.min_confidence=0.2,0.8"), axis("hair.filter_length_mm=0.05,0.06,0.065")]
    ordered = dearest_first(grid_points(axes))
    dear = [dict(p)["hair.filter_length_mm"] for p in ordered]
    assert dear == sorted(dear)
