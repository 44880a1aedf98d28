"""The scale comes from the first source that says one, with its error; conflicts are flagged."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.photo.graphics import Graphics, ScaleBar
from imaging.photo.scale import find_scale
from imaging.records import Photo, PhotoInputs
from imaging.settings import PhotoSettings

SETTINGS = PhotoSettings()


def a_photo(*, dicom_px_per_mm: float | None = None, inputs: PhotoInputs | None = None) -> Photo:
    pixels = np.zeros((80, 100, 3), np.uint8)
    return Photo(
        "a.png", pixels, "", dicom_px_per_mm=dicom_px_per_mm, inputs=inputs or PhotoInputs()
    )


def a_bar(
    length_px: float, length_mm: float, *, error: float = 0.003, is_uncalibrated: bool = False
) -> ScaleBar:
    text = "" if math.isnan(length_mm) else "text"
    return ScaleBar(0.0, 0.0, length_px, 0.0, length_px, text, length_mm, error, is_uncalibrated)


def with_bars(*bars: ScaleBar, content: tuple[int, int, int, int] = (0, 80, 0, 100)) -> Graphics:
    nothing = np.zeros((80, 100), bool)
    return Graphics(nothing, nothing, None, content, bars)


def test_without_any_source_the_scale_is_unknown_and_flagged() -> None:
    scale, flags = find_scale(a_photo(), with_bars(), SETTINGS)
    assert not scale.is_known
    assert scale.source == "none"
    assert flags == ("no_scale",)


def test_a_bar_gives_the_scale_with_its_error_and_that_of_the_setting() -> None:
    scale, flags = find_scale(a_photo(), with_bars(a_bar(200, 2.0)), SETTINGS)
    assert scale.px_per_mm == pytest.approx(100)
    assert scale.source == "scalebar"
    assert scale.relative_error == pytest.approx(math.hypot(0.003, SETTINGS.scale_relative_error))
    assert flags == ()


def test_a_bar_that_says_it_is_not_calibrated_has_at_least_five_percent_error() -> None:
    bars = with_bars(a_bar(180, 1.0, is_uncalibrated=True))
    scale, flags = find_scale(a_photo(), bars, SETTINGS)
    assert scale.source == "scalebar_uncalibrated"
    assert scale.relative_error >= SETTINGS.uncalibrated_scale_relative_error
    assert flags == ("scale_uncalibrated",)


def test_an_unread_bar_gives_no_scale_and_is_flagged() -> None:
    scale, flags = find_scale(a_photo(), with_bars(a_bar(180, math.nan)), SETTINGS)
    assert not scale.is_known
    assert flags == ("no_scale", "scale_bar_unread")


def test_bars_that_disagree_give_no_scale() -> None:
    bars = with_bars(a_bar(180, 1.0), a_bar(180, 2.0))
    scale, flags = find_scale(a_photo(), bars, SETTINGS)
    assert not scale.is_known
    assert flags == ("no_scale", "scale_bar_unread")


def test_a_second_bar_without_a_label_gives_no_scale_unless_it_is_as_long() -> None:
    other = with_bars(a_bar(180, 1.0), a_bar(210, math.nan))
    scale, flags = find_scale(a_photo(), other, SETTINGS)
    assert not scale.is_known
    assert flags == ("no_scale", "scale_bar_unread")
    same, _ = find_scale(a_photo(), with_bars(a_bar(180, 1.0), a_bar(180, math.nan)), SETTINGS)
    assert same.px_per_mm == 180.0


def test_the_manifest_beats_dicom_and_dicom_beats_the_bar() -> None:
    inputs = PhotoInputs(px_per_mm=99.0, scale_origin="manifest")
    photo = a_photo(dicom_px_per_mm=100.0, inputs=inputs)
    scale, _ = find_scale(photo, with_bars(a_bar(202, 2.0)), SETTINGS)
    assert (scale.px_per_mm, scale.source) == (99.0, "manifest")
    scale, _ = find_scale(a_photo(dicom_px_per_mm=100.0), with_bars(a_bar(202, 2.0)), SETTINGS)
    assert (scale.px_per_mm, scale.source) == (100.0, "dicom")


def test_a_field_width_spans_the_photo_without_its_pillar_boxes() -> None:
    photo = a_photo(inputs=PhotoInputs(field_width_mm=4.0))
    scale, flags = find_scale(photo, with_bars(content=(0, 80, 10, 90)), SETTINGS)
    assert scale.px_per_mm == pytest.approx(20.0)
    assert scale.source == "command_line"
    assert flags == ()


@pytest.mark.parametrize(("given", "expected"), [(101.9, ()), (102.1, ("scale_conflict",))])
def test_a_given_scale_is_flagged_from_two_percent_off_the_bar_on(
    given: float, expected: tuple[str, ...]
) -> None:
    photo = a_photo(inputs=PhotoInputs(px_per_mm=given))
    scale, flags = find_scale(photo, with_bars(a_bar(200, 2.0)), SETTINGS)
    assert scale.px_per_mm == given
    assert flags == expected
