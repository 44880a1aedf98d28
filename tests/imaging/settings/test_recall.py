"""Steps are done again when, and only when, something that they read has changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from imaging.hair.score import score_photo
from imaging.records import HairScore, Photo, PhotoInputs, columns_of
from imaging.settings import (
    HairSettings,
    Memory,
    Settings,
    recall,
    remembering,
    replace_values,
)
from imaging.synthetic.scalp import PRESETS, make_scalp


def cutoff(pixels: np.ndarray, settings: HairSettings) -> float:
    return float(pixels.sum()) + settings.terminal_cutoff_um


def whole(pixels: np.ndarray, settings: Settings) -> float:
    return recall(cutoff, pixels, settings.hair) + settings.photo.glare_level


def at(**values: object) -> Settings:
    return replace_values(Settings(), {k.replace("__", "."): v for k, v in values.items()})


def test_outside_a_memory_it_is_a_plain_call() -> None:
    assert recall(cutoff, np.ones(3), HairSettings()) == 43.0


def test_a_setting_that_was_not_read_changes_nothing() -> None:
    pixels = np.ones(3)
    with remembering(Memory()) as memory:
        recall(cutoff, pixels, HairSettings())
        assert recall(cutoff, pixels, HairSettings(guard_margin_mm=1.0)) == 43.0
        assert (memory.done, memory.recalled) == (1, 1)


def test_a_setting_that_was_read_and_other_pixels_are_told_apart() -> None:
    pixels = np.ones(3)
    with remembering(Memory()):
        recall(cutoff, pixels, HairSettings())
        assert recall(cutoff, pixels, HairSettings(terminal_cutoff_um=30.0)) == 33.0
        assert recall(cutoff, np.zeros(3), HairSettings()) == 40.0


def test_a_step_depends_on_what_its_own_steps_read_also_when_those_were_recalled() -> None:
    pixels = np.ones(3)
    with remembering(Memory()):
        base = recall(whole, pixels, at())
        # The inner step comes from memory here; its settings must still be noted for the outer.
        glare = recall(whole, pixels, at(photo__glare_level=240))
        both = recall(whole, pixels, at(photo__glare_level=240, hair__terminal_cutoff_um=30.0))
    assert (base, glare, both) == (293.0, 283.0, 273.0)


@pytest.mark.slow
def test_scores_from_memory_are_those_of_a_fresh_run() -> None:
    """Whatever is recalled, every number is the same: settings of all stages, there and back."""
    scene = make_scalp(PRESETS["shaved"], rng=np.random.default_rng(11))
    pixels = np.ascontiguousarray(scene.pixels[:320, :320])
    photo = Photo("a", pixels, "x", inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    moves = [
        {},
        {"hair.terminal_cutoff_um": 60.0},
        {"hair.min_confidence": 0.9},
        {"hair.min_worth_mm": 0.2},
        {"hair.band_ratio": 1.05},
        {"photo.scale_relative_error": 0.1},
        {"hair.filter_length_mm": 0.05},
        {},
    ]
    with remembering(Memory()) as memory:
        recalled = [score_photo(photo, replace_values(Settings(), move)) for move in moves]
    assert memory.recalled > 2 * len(moves)
    for move, score in zip(moves, recalled, strict=True):
        fresh = score_photo(photo, replace_values(Settings(), move))
        assert numbers(score) == numbers(fresh)
        assert [dataclasses.astuple(h) for h in score.hairs] == [
            dataclasses.astuple(h) for h in fresh.hairs
        ]


def numbers(score: HairScore) -> list[str]:
    return [repr(getattr(score, column.name)) for column in columns_of(HairScore)]
