"""Masks are monotone in every threshold; normal skin is found under uneven light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.face.illumination import normal_density, part_light
from imaging.face.pigment import (
    PigmentEvidence,
    drop_small,
    find_pigment,
    largest_patch_px,
    pigment_mask,
)
from imaging.face.segmenter import CROP_ZOOM, LEARNED, Segmented, segment_pigment
from imaging.face.spots import (
    SpotEvidence,
    count_parts,
    evenness,
    find_spots,
    red_mask,
    spot_mask,
)
from imaging.photo.colour import MELASMA_DIRECTION, lightness_of_density, linear_light
from imaging.settings import FaceSettings

SHAPE = (90, 80)


def some_evidence(seed: int = 0) -> PigmentEvidence:
    rng = np.random.default_rng(seed)

    def field(scale: float, mean: float) -> NDArray[np.float32]:
        noise = cv2.GaussianBlur(rng.standard_normal(SHAPE).astype(np.float32), (0, 0), 3)
        return (mean + scale * noise / noise.std()).astype(np.float32)

    return PigmentEvidence(
        probability=np.clip(field(0.3, 0.4), 0, 1),
        contrast=field(4.0, 2.0),
        redness=field(3.0, 1.0),
    )


EVIDENCE = some_evidence()
SKIN = np.ones(SHAPE, bool)
SKIN[:, :5] = False


def mask_of(**changes: float) -> NDArray[np.bool_]:
    values = {"probability": 0.5, "delta_l": 1.0, "red_share": 0.8, "smallest_px": 6.0} | changes
    return pigment_mask(EVIDENCE, SKIN, **values)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["probability", "delta_l", "smallest_px", "red_share"]),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_stricter_threshold_gives_a_subset(name: str, a: float, b: float) -> None:
    scale = {"probability": 1.0, "delta_l": 10.0, "smallest_px": 60.0, "red_share": 3.0}[name]
    loose, strict = sorted((a * scale, b * scale))
    if name == "red_share":
        loose, strict = strict, loose  # less redness allowed is stricter
    assert not (mask_of(**{name: strict}) & ~mask_of(**{name: loose})).any()


def test_pigment_lies_on_skin_alone() -> None:
    assert mask_of().any()
    assert not (mask_of() & ~SKIN).any()


def test_small_parts_are_dropped_and_the_largest_is_measured() -> None:
    mask = np.zeros((40, 40), bool)
    mask[2:5, 2:5] = True
    mask[10:30, 10:30] = True
    assert drop_small(mask, 10).sum() == 400
    assert largest_patch_px(mask) == pytest.approx(2 * np.sqrt(400 / np.pi))
    assert largest_patch_px(np.zeros((5, 5), bool)) == 0


def lit_skin(*, patch: float = 0.0) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return density of skin under light from one side, and where a patch was added."""
    rows, cols = np.mgrid[:120, :120].astype(np.float32) / 120
    light = 0.3 + 0.4 * cols + 0.2 * (rows - 0.5) ** 2
    lesion = (rows - 0.5) ** 2 + (cols - 0.45) ** 2 < 0.03
    density = light[..., None] * np.ones(3, np.float32) + patch * lesion[..., None]
    return density.astype(np.float32), lesion


def test_normal_skin_is_known_under_a_lesion_and_uneven_light() -> None:
    clear, lesion = lit_skin()
    dark, _ = lit_skin(patch=0.15)
    whole = np.ones(lesion.shape, bool)
    normal = normal_density(dark, whole, lesion.astype(np.float32), face_width_px=110)
    # A tenth of the lesion's step: what a border of one pixel and the ridge leave.
    np.testing.assert_allclose(normal.density, clear, atol=0.015)
    assert normal.support[60, 54] < normal.support[10, 10]


def test_normal_skin_needs_no_perfect_mask() -> None:
    clear, lesion = lit_skin()
    dark, _ = lit_skin(patch=0.15)
    guess = cv2.erode(lesion.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    normal = normal_density(dark, np.ones(lesion.shape, bool), guess, face_width_px=110)
    step = (dark - normal.density)[lesion].mean()
    assert step == pytest.approx(0.15, abs=0.03)
    assert np.abs(normal.density - clear).max() < 0.08


def test_light_without_pigment_parts_into_light_alone() -> None:
    clear, lesion = lit_skin()
    pigment = part_light(clear[..., 0], np.ones(lesion.shape, bool))
    assert np.abs(pigment).max() < 0.02


def test_a_sharp_patch_is_parted_from_uneven_light() -> None:
    dark, lesion = lit_skin(patch=0.15)
    pigment = part_light(dark[..., 0], np.ones(lesion.shape, bool))
    step = np.median(pigment[lesion]) - np.median(pigment[~lesion])
    assert step > 0.08


def test_spots_are_small_sharp_and_round() -> None:
    pixels = np.full((200, 200, 3), (205, 160, 140), np.uint8)
    cv2.circle(pixels, (60, 60), 6, (120, 85, 70), -1)  # a mole of 3 mm
    cv2.rectangle(pixels, (100, 100), (180, 180), (170, 125, 105), -1)  # a patch of 20 mm
    cv2.line(pixels, (10, 190), (90, 150), (60, 45, 40), 2)  # a hair
    skin, chosen = np.ones((200, 200), bool), FaceSettings()
    evidence = find_spots(linear_light(pixels), skin, px_per_mm=4.0, settings=chosen)
    mask = spot_mask(evidence, skin, px_per_mm=4.0, settings=chosen)
    assert count_parts(mask, skin) == 1
    assert mask[60, 60]
    assert not mask[140, 140]


def test_red_areas_and_evenness_are_measured_in_their_units() -> None:
    redness = np.zeros((60, 60), np.float32)
    redness[10:40, 10:40] = 6.0
    redness[50, 50] = 9.0
    mask = red_mask(redness, np.ones((60, 60), bool), px_per_mm=4.0, settings=FaceSettings())
    assert mask.sum() == 900
    contrast = np.zeros((10, 10), np.float32)
    assert evenness(contrast, np.ones((10, 10), bool)) == 100
    contrast[:, 5:] = 10
    assert evenness(contrast, np.ones((10, 10), bool)) == 95
    assert np.isnan(evenness(contrast, np.zeros((10, 10), bool)))


def test_a_higher_spot_threshold_gives_fewer_dark_pixels() -> None:
    depth = np.abs(np.random.default_rng(1).normal(0, 5, (80, 80))).astype(np.float32)
    evidence, skin = SpotEvidence(cv2.GaussianBlur(depth, (0, 0), 1)), np.ones((80, 80), bool)
    low, high = FaceSettings(spot_delta_l=3.0), FaceSettings(spot_delta_l=5.0)
    loose = evidence.depth >= low.spot_delta_l
    assert not ((evidence.depth >= high.spot_delta_l) & ~loose).any()
    assert spot_mask(evidence, skin, px_per_mm=4.0, settings=high).sum() <= loose.sum()


def test_a_crop_is_shown_larger_than_a_face(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def no_lesion(_weights, _density, skin, _position):
        shapes.append(skin.shape)
        nothing = np.zeros(skin.shape, np.float32)
        return nothing, nothing

    monkeypatch.setattr("models.pigment_inference.predict", no_lesion)
    density, skin = np.full((300, 300, 3), 0.4, np.float32), np.ones((300, 300), bool)
    place = np.array([[1 / 150, 0, -1], [0, 1 / 150, -1]])
    for coordinates in (place, None):
        segment_pigment(
            density, skin, face_width_px=300, segmenter=LEARNED, coordinates=coordinates
        )
    assert shapes == [(64, 64), (round(64 * CROP_ZOOM), round(64 * CROP_ZOOM))]


def told(
    monkeypatch: pytest.MonkeyPatch, lesion: NDArray[np.bool_], share: float
) -> tuple[float, float]:
    """Return ΔL* inside a lesion of density 0.15, measured and true, when a segmenter tells a share
    of that density, under light that falls across the skin."""
    added = np.where(lesion, 0.15, 0).astype(np.float32)
    monkeypatch.setattr(
        "imaging.face.pigment.segment_pigment",
        lambda *_, **__: Segmented(lesion.astype(np.float32), np.float32(share) * added),
    )
    falling = np.linspace(0.3, 0.4, lesion.shape[1], dtype=np.float32)
    clear = np.broadcast_to(falling[None, :, None], (*lesion.shape, 3)).astype(np.float32)
    density = clear + added[..., None] * np.array(MELASMA_DIRECTION, np.float32)
    evidence = find_pigment(
        np.power(np.float32(10), -density),
        np.ones(lesion.shape, bool),
        face_width_px=200,
        settings=FaceSettings(),
    )
    darker = lightness_of_density(clear) - lightness_of_density(density)
    return float(evidence.contrast[lesion].mean()), float(darker[lesion].mean())


@pytest.mark.parametrize("share", [0.6, 1.0, 1.5])
def test_a_lesion_is_as_dark_as_it_is_beside_normal_skin(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesion = np.zeros((200, 200), bool)
    lesion[60:130, 50:140] = True
    measured, true = told(monkeypatch, lesion, share)
    assert measured == pytest.approx(true, rel=0.1)


def test_without_normal_skin_nearby_a_lesion_is_as_dark_as_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured, true = told(monkeypatch, np.ones((200, 200), bool), 0.6)
    assert measured == pytest.approx(0.6 * true, rel=0.1)


def test_nothing_told_is_no_contrast(monkeypatch: pytest.MonkeyPatch) -> None:
    lesion = np.zeros((200, 200), bool)
    lesion[60:130, 50:140] = True
    measured, _ = told(monkeypatch, lesion, 0.0)
    assert measured == 0
