"""Darkness and homogeneity fitted to readers: the settings, the error, and what is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import scored_folder as made

from imaging.errors import TableError, UsageError
from imaging.settings import Settings, parse_toml, replace_values
from imaging.study.agreement_clusters import PHOTOS_APART
from imaging.study.calibration import Calibration, calibrate_face, write_calibration

REGIONS = ("forehead", "right_malar", "left_malar", "chin")
#: The cut-points of the readers that are drawn: darkness 2 to 4, homogeneity 2, 3 and 4.
DARK, PATCH, UNIFORM = (3.0, 6.0, 10.0), (8.0, 25.0), 70.0
CUT_POINTS = (
    *(f"darkness_{n}_delta_l" for n in (1, 2, 3, 4)),
    *(f"homogeneity_{name}" for name in ("speck_mm", "patch_mm", "uniform_percent")),
)


def draw(
    place: Path,
    *,
    subjects: int = 8,
    readers: tuple[str, ...] = ("anna", "ben"),
    noise: float = 0.5,
    darkest: float = 16.0,
    settings: dict[str, object] | None = None,
    edit: Callable[[list[str]], list[str]] = lambda lines: lines,
    has_manifest: bool = True,
) -> Calibration:
    """Draw a folder and its readers' scores, and calibrate it."""
    rng = np.random.default_rng(5)
    photos, names = {}, {}
    lines = ["photo_id,region,reader,darkness,homogeneity"]
    for photo in (f"s{s:02d}/v{visit}.jpg" for s in range(subjects) for visit in range(2)):
        names[photo] = photo[:3]
        photos[photo] = []
        for name in REGIONS:
            delta_l, patch = rng.uniform(1, darkest), rng.uniform(3, 40)
            percent = rng.uniform(5, 99)
            photos[photo].append(
                made.region(
                    name, pigmented_percent=percent, delta_l=delta_l, largest_patch_mm=patch
                )
            )
            for reader in readers:
                seen = delta_l + rng.normal(0, noise)
                size, share = (v + rng.normal(0, 4 * noise) for v in (patch, percent))
                dark = 1 + sum(seen >= cut for cut in DARK)
                even = 4 if share >= UNIFORM else 1 + sum(size >= cut for cut in PATCH)
                lines.append(f"{photo},{name},{reader},{dark},{even}")
    named = names if has_manifest else {}
    folder = made.write_folder(place / "run", "face", photos, subjects=named, settings=settings)
    scores = place / "scores.csv"
    scores.write_text("\n".join(edit(lines)) + "\n", encoding="utf-8")
    return calibrate_face(folder, [scores])


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Calibration]:
    return partial(draw, tmp_path)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    """Two readers of twenty subjects: 320 ratings."""
    return draw(tmp_path_factory.mktemp("site"), subjects=20)


def test_the_readers_cut_points_are_found(usual: Calibration) -> None:
    values = usual.values
    found = [values[f"darkness_{n}_delta_l"] for n in (2, 3, 4)]
    assert found == pytest.approx(DARK, abs=0.6)
    assert values["homogeneity_patch_mm"] == pytest.approx(PATCH[1], abs=3)
    assert values["homogeneity_uniform_percent"] == pytest.approx(UNIFORM, abs=4)
    assert values["homogeneity_speck_mm"] < values["homogeneity_patch_mm"]


def test_the_error_out_of_fold_lies_between_that_of_the_fit_and_that_of_no_fit(
    usual: Calibration,
) -> None:
    for part in usual.parts:
        inside, outside, before = (
            error.mean_absolute_difference for error in (part.fitted, part.out_of_fold, part.before)
        )
        assert inside <= outside + 0.02
        assert outside < before
        assert part.out_of_fold.quadratic_kappa > part.before.quadratic_kappa
        assert part.readers.mean_absolute_difference > 0


def test_limits_are_over_subjects_and_hold_the_readers_cut_points(usual: Calibration) -> None:
    darkness = usual.parts[0]
    for name, truth in zip(("darkness_2_delta_l", "darkness_3_delta_l"), DARK, strict=False):
        low, high = darkness.limits[name]
        # The cut-points of the expected step lie a little off those drawn.
        assert low - 0.3 < truth < high + 0.3


def test_the_file_is_ready_for_config_and_says_by_which_data(
    usual: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "cal.toml"
    write_calibration(path, usual)
    values = parse_toml(path.read_bytes(), origin="cal.toml")
    face = replace_values(Settings(), values).face
    assert face.scores_calibrated
    assert face.calibration_data.startswith("scores.csv sha256:")
    assert "320 ratings by 2 readers, 20 subjects" in face.calibration_data
    assert face.darkness_1_delta_l <= face.darkness_2_delta_l < face.darkness_3_delta_l
    provenance = tomllib.loads(path.read_text())["provenance"]
    assert provenance["settings_digest"] == "digest"
    assert provenance["data"][0]["name"] == "scores.csv"
    assert len(provenance["data"][0]["sha256"]) == 64
    assert provenance["fits"]["darkness"]["out_of_fold"]["quadratic_kappa"] > 0.8


def test_a_folder_scored_with_a_calibration_gives_a_whole_one_again(site, tmp_path: Path) -> None:
    first = site()
    of_first = {f"face.{name}": value for name, value in first.values.items()}
    (tmp_path / "run").rename(tmp_path / "first")
    second = site(settings=of_first)
    assert second.values == first.values
    assert set(CUT_POINTS) <= set(second.values)
    assert second.carried == {}


def test_the_file_holds_the_other_settings_of_the_folder_too(site, tmp_path: Path) -> None:
    others = {
        "photo.glare_level": 240,
        "face.pigment_probability": 0.3,
        "face.homogeneity_patch_mm": 20.0,
        "face.anonymise": True,
    }
    calibration = site(settings=others)
    path = tmp_path / "cal.toml"
    write_calibration(path, calibration)
    settings = replace_values(Settings(), parse_toml(path.read_bytes(), origin="cal.toml"))
    assert settings.photo.glare_level == 240
    assert settings.face.pigment_probability == 0.3
    assert settings.face.homogeneity_patch_mm == calibration.values["homogeneity_patch_mm"] != 20.0
    # It changes pictures only.
    assert not settings.face.anonymise
    assert any("face.pigment_probability = 0.3" in note for note in calibration.notes)


def test_a_step_that_no_reader_gave_moves_its_cut_point_out_of_the_way(site) -> None:
    calibration = site(darkest=8.0)
    assert calibration.values.get("darkness_4_delta_l", 12.0) >= 8.0
    assert any("beside darkness_4_delta_l" in note for note in calibration.notes)
    assert "darkness_4_delta_l" not in {
        name for name, limits in calibration.parts[0].limits.items() if limits[0] == limits[0]
    }


def test_one_reader_is_enough_and_this_is_said(site) -> None:
    calibration = site(readers=("anna",))
    assert any("one reader" in note for note in calibration.notes)
    assert calibration.parts[0].readers.exact_percent != calibration.parts[0].readers.exact_percent


def test_one_component_alone_is_fitted_but_not_called_calibrated(site) -> None:
    calibration = site(edit=lambda lines: [line.rpartition(",")[0] for line in lines])
    assert calibration.values["scores_calibrated"] is False
    assert "homogeneity_patch_mm" not in calibration.values
    assert any("Only one of darkness and homogeneity" in note for note in calibration.notes)


def test_constant_ratings_of_one_component_leave_its_cut_points(site) -> None:
    def flat(lines: list[str]) -> list[str]:
        return lines[:1] + [line.rpartition(",")[0] + ",2" for line in lines[1:]]

    calibration = site(edit=flat)
    assert any("same step throughout" in note for note in calibration.notes)
    assert "homogeneity_speck_mm" not in calibration.values


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda ls: [ls[0], *(f"x{line}" for line in ls[1:])], "they have 'xs00/v0.jpg/forehead'"),
        (lambda ls: [*ls[:5], "s00/v0.jpg,chin,anna,5,2", *ls[5:]], "line 6: darkness '5'"),
        (lambda ls: [*ls[:5], "s00/v0.jpg,chin,anna,dark,2", *ls[5:]], "darkness 'dark'"),
        (lambda ls: ls[:8], "too few to fit"),
        (lambda ls: ["photo_id,region,score", "a,chin,2"], "neither a column darkness nor"),
        (lambda ls: [ls[0], *(line[:-3] + "2,2" for line in ls[1:])], "same step throughout"),
    ],
)
def test_scores_that_cannot_be_used_say_why(site, edit, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        site(edit=edit)
    assert caught.value.remedy


def test_steps_that_fall_with_darkness_are_refused(site) -> None:
    def turned(lines: list[str]) -> list[str]:
        rows = [line.split(",") for line in lines[1:]]
        return [lines[0], *(",".join([*r[:3], str(5 - int(r[3])), "2"]) for r in rows)]

    with pytest.raises(TableError, match="do not rise with what was measured"):
        site(edit=turned)


def test_a_folder_of_hair_is_refused(tmp_path: Path) -> None:
    folder = made.write_folder(tmp_path / "run", "hair", {"a.jpg": [made.hair(1, 50.0)]})
    scores = tmp_path / "s.csv"
    scores.write_text("photo_id,region,darkness\na.jpg,chin,2\n")
    with pytest.raises(UsageError, match="holds a hair run"):
        calibrate_face(folder, [scores])


def test_unreadable_regions_and_unknown_photos_are_counted_not_used(site) -> None:
    calibration = site(edit=lambda lines: [*lines, "gone.jpg,chin,anna,2,2"])
    assert any(
        "1 ratings are of regions that the folder does not have" in n for n in calibration.notes
    )


@pytest.mark.parametrize("has_manifest", [True, False])
def test_photos_that_stand_for_subjects_are_told(site, has_manifest: bool) -> None:
    assert (PHOTOS_APART in site(has_manifest=has_manifest).notes) != has_manifest
