"""Diameters fitted to a caliper: the line that was drawn comes back, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scored_folder as made

from imaging.errors import TableError, UsageError
from imaging.settings import HairSettings, Settings, parse_toml, replace_values
from imaging.study.calibration import Calibration, calibrate_hair, write_calibration
from imaging.study.calibration_hair import DiameterPairs, fit_diameters

#: The camera reads 12 + 1.25 · the caliper's diameter.
SHIFT_UM, GAIN = 12.0, 1.25


@pytest.fixture
def site(tmp_path: Path):
    """Return a function that draws a folder and a caliper list, and calibrates it."""

    def draw(
        *,
        photos: int = 8,
        gain: float = GAIN,
        by_hair: bool = True,
        has_subjects: bool = True,
        settings: dict[str, object] | None = None,
        edit=lambda lines: lines,
    ) -> Calibration:
        rng = np.random.default_rng(3)
        hairs, subjects = {}, {}
        lines = ["photo_id;hair_id;diameter_um"] if by_hair else ["photo_id;diameter_um"]
        for p in range(photos):
            photo = f"p{p}.jpg"
            subjects[photo] = f"s{p // 2}"
            rows = []
            for n, true in enumerate(rng.uniform(20, 100, 12) + 6 * p, start=1):
                rows.append(made.hair(n, SHIFT_UM + gain * true + rng.normal(0, 4)))
                cells = f"{photo};{n}.0" if by_hair else photo
                lines.append(
                    f"{cells};{true:.1f}".replace(f"{true:.1f}", f"{true:.1f}".replace(".", ","))
                )
            hairs[photo] = rows
        folder = made.write_folder(
            tmp_path / "run",
            "hair",
            hairs,
            subjects=subjects if has_subjects else None,
            settings=settings,
        )
        caliper = tmp_path / "caliper.csv"
        caliper.write_text("\n".join(edit(lines)) + "\n", encoding="utf-8")
        return calibrate_hair(folder, caliper)

    return draw


def test_the_line_that_was_drawn_comes_back(site) -> None:
    calibration = site()
    assert calibration.values["diameter_slope"] == pytest.approx(1 / GAIN, rel=0.03)
    assert calibration.values["diameter_offset_um"] == pytest.approx(-SHIFT_UM / GAIN, abs=1.5)
    (fit,) = calibration.parts
    assert fit.pairs == 96
    low, high = fit.limits["diameter_slope"]
    assert low < 1 / GAIN < high


def test_the_spread_of_diameters_is_kept(site) -> None:
    """Classical calibration: thin and thick hairs are not drawn to the middle."""
    (fit,) = site().parts
    assert abs(fit.fitted.bias_um) < 0.05
    assert fit.out_of_fold.rms_um < 0.25 * fit.before.rms_um
    assert fit.out_of_fold.rms_um >= fit.fitted.rms_um


def test_means_of_photos_are_held_against_each_other_without_hair_ids(site) -> None:
    calibration = site(photos=12, by_hair=False)
    (fit,) = calibration.parts
    assert fit.are_means
    assert fit.pairs == 12
    assert calibration.values["diameter_slope"] == pytest.approx(1 / GAIN, rel=0.1)
    assert any("Means of photos" in note for note in calibration.notes)


@pytest.mark.parametrize("has_subjects", [False, True])
def test_photos_that_stand_for_subjects_are_told(site, has_subjects: bool) -> None:
    told = "Photos were parted into folds one by one"
    notes = site(has_subjects=has_subjects).notes
    assert any(note.startswith(told) for note in notes) is not has_subjects


def test_the_file_is_ready_for_config(site, tmp_path: Path) -> None:
    path = tmp_path / "cal.toml"
    write_calibration(path, site())
    hair = replace_values(Settings(), parse_toml(path.read_bytes(), origin="cal.toml")).hair
    assert hair.diameter_slope != 1
    assert hair.calibration_data.startswith("caliper.csv sha256:")
    assert "96 hairs, 4 subjects" in hair.calibration_data


def test_the_file_holds_the_other_settings_of_the_folder_too(site, tmp_path: Path) -> None:
    path = tmp_path / "cal.toml"
    calibration = site(settings={"hair.terminal_cutoff_um": 30.0, "hair.calibration_data": "old"})
    write_calibration(path, calibration)
    hair = replace_values(Settings(), parse_toml(path.read_bytes(), origin="cal.toml")).hair
    assert hair.terminal_cutoff_um == 30.0
    assert hair.calibration_data == calibration.values["calibration_data"]


def test_the_default_changes_nothing() -> None:
    settings = HairSettings()
    assert (settings.diameter_slope, settings.diameter_offset_um) == (1.0, 0.0)
    assert settings.calibration_data == ""


def test_a_calibrated_folder_is_not_calibrated_again(site) -> None:
    with pytest.raises(UsageError, match="calibrated already"):
        site(settings={"hair.diameter_slope": 0.9})


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda ls: ["photo_id;width", "p0.jpg;5"], "needs the columns photo_id and diameter_um"),
        (lambda ls: [ls[0], "p0.jpg;1;0,05"], r"line 2: diameter_um '0,05' is no diameter"),
        (lambda ls: [ls[0], "p0.jpg;1;thick"], "'thick' is no diameter"),
        (lambda ls: [ls[0], "p0.jpg;;50"], "hair_id is empty"),
        (lambda ls: [ls[0], "zz.jpg;1;50"], "it has 'zz.jpg'"),
        (
            lambda ls: [ls[0], *(line.replace(".0;", "99;") for line in ls[1:])],
            r"No hair_id of .*caliper\.csv is in the folder: 'p0.jpg' has no hair 199",
        ),
        (lambda ls: ls[:6], "5 pairs of 1 subjects are too few"),
        (
            lambda ls: [ls[0], *(f"{line.rpartition(';')[0]};50" for line in ls[1:])],
            "50 µm throughout",
        ),
    ],
)
def test_readings_that_cannot_be_used_say_why(site, edit, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        site(edit=edit)
    assert caught.value.remedy


def test_a_camera_that_does_not_follow_the_caliper_is_refused(site) -> None:
    with pytest.raises(TableError, match="do not follow"):
        site(photos=8, gain=0.0)


def test_hairs_that_the_camera_lacks_are_counted_not_used(site) -> None:
    calibration = site(edit=lambda lines: [*lines, "p0.jpg;99;50"])
    assert calibration.parts[0].pairs == 96
    assert any("1 hairs have no diameter" in note for note in calibration.notes)


def test_a_caliper_whose_readings_scatter_steepens_the_line_and_the_notes_say_so() -> None:
    """Equal diameters, caliper scatter as wide as a third of their spread: slope 1 + 1/9."""
    rng = np.random.default_rng(5)
    true = rng.uniform(30, 100, 4000)
    spread = float(true.std())
    subjects = np.array([f"s{n % 20}" for n in range(4000)])
    read = true + rng.normal(0, spread / 3, 4000)
    fit = fit_diameters(DiameterPairs(true, np.clip(read, 2, 400), subjects, are_means=False))
    assert fit.values["diameter_slope"] == pytest.approx(1 + 1 / 9, abs=0.02)
    assert any("taken as exact" in note for note in fit.notes)
