"""What cannot be read is found, and what can be read, bare skin above all, is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.quality import Quality, assess_quality
from imaging.settings import PhotoSettings

Pixels = NDArray[np.uint8]
HEIGHT, WIDTH = 768, 1024


def skin(*, level: float = 170, noise: float = 3, seed: int = 5) -> NDArray[np.float32]:
    """Pale skin with gentle shading and camera noise, float levels."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, WIDTH, dtype=np.float32)
    shade = level + 15 * x[None, :, None] + np.zeros((HEIGHT, 1, 1), np.float32)
    colour = np.array([1.1, 0.95, 0.85], np.float32)
    return shade * colour + rng.normal(0, noise, (HEIGHT, WIDTH, 3)).astype(np.float32)


def hairs(*, seed: int = 6) -> NDArray[np.float32]:
    """How much of each pixel is hair, 0 to 1, shape (h, w, 1): 60 shafts 10 px wide."""
    rng = np.random.default_rng(seed)
    cover = np.zeros((HEIGHT, WIDTH), np.uint8)
    for _ in range(60):
        root = rng.uniform([40, 40], [WIDTH - 40, HEIGHT - 40])
        tip = root + rng.normal(0, 1, 2) * 20 + [35, 60]
        ends = np.rint(np.stack([root, tip])).astype(np.int32)
        cv2.polylines(cover, [ends], False, 255, 10, cv2.LINE_AA)
    return (cover.astype(np.float32) / 255)[..., None]


def photo(*, blur_px: float = 0, level: float = 170) -> Pixels:
    cover = hairs()
    if blur_px:
        cover = cv2.GaussianBlur(cover, (0, 0), blur_px)[..., None]
    return to_pixels(skin(level=level) * (1 - cover) + 35 * cover)


def to_pixels(levels: NDArray[np.float32]) -> Pixels:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def assess(pixels: Pixels, masked: NDArray[np.bool_] | None = None) -> Quality:
    nothing = np.zeros(pixels.shape[:2], bool)
    return assess_quality(
        pixels, masked=nothing if masked is None else masked, settings=PhotoSettings()
    )


def disc(x: int, y: int, radius: int) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.hypot(rows - y, columns - x) <= radius


def test_a_good_photo_is_readable_everywhere_and_has_no_flag() -> None:
    quality = assess(photo())
    assert not (quality.glare | quality.blurred | quality.dark).any()
    assert quality.flags == ()
    assert quality.glare.shape == (HEIGHT, WIDTH)


def test_the_input_is_left_alone() -> None:
    pixels = photo()
    pixels.setflags(write=False)
    assess(pixels)


def test_bare_skin_is_never_called_blurred() -> None:
    for noise in (0.5, 3, 8):
        quality = assess(to_pixels(skin(noise=noise)))
        assert not quality.blurred.any()
        assert quality.flags == ()
        assert np.isnan(quality.edge_blur_percent)


def test_a_burnt_out_reflection_is_glare_with_a_small_margin() -> None:
    pixels = photo()
    spot = disc(500, 300, 40)
    pixels[spot] = 255
    quality = assess(pixels)
    assert quality.glare[spot].all()
    assert quality.glare.sum() < 1.6 * spot.sum()
    assert quality.flags == ("glare",)


def test_grains_of_reflection_and_white_hair_are_no_glare() -> None:
    pixels = photo()
    pixels[disc(500, 300, 5)] = 255
    cv2.line(pixels, (100, 100), (800, 500), (255, 255, 255), 10, cv2.LINE_AA)
    assert not assess(pixels).glare.any()


def test_very_pale_skin_and_a_white_ruler_are_no_glare() -> None:
    pixels = to_pixels(skin(level=215))
    pixels[600:700] = 240
    quality = assess(pixels)
    assert not quality.glare.any()
    assert quality.flags == ()


def test_a_burnt_out_photo_is_overexposed() -> None:
    pixels = photo()
    pixels[:, :300] = 255
    assert "overexposed" in assess(pixels).flags


def test_the_outside_of_a_dermoscopes_circle_is_dark() -> None:
    pixels = photo()
    inside = disc(WIDTH // 2, HEIGHT // 2, 370)
    pixels[~inside] = 12
    quality = assess(pixels)
    assert quality.dark[~inside].mean() > 0.99
    # A margin of 1 %, and a little of the hairs that touch the rim.
    assert quality.dark[disc(WIDTH // 2, HEIGHT // 2, 355)].mean() < 0.002
    assert not quality.blurred.any()
    assert quality.flags == ()


def test_black_corners_are_dark_to_their_points() -> None:
    pixels = photo()
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    corner = rows + columns < 160
    pixels[corner] = 5
    dark = assess(pixels).dark
    assert dark[corner].mean() > 0.9
    assert dark.sum() < 1.5 * corner.sum()


def test_a_black_hair_that_runs_out_of_the_photo_is_not_dark() -> None:
    pixels = to_pixels(skin())
    for x in (0, 300, 600):
        cv2.line(pixels, (x, -50), (x + 150, 400), (8, 8, 8), 40, cv2.LINE_AA)
    assert not assess(pixels).dark.any()


@pytest.mark.parametrize("blur_px", [10, 16, 24])
def test_a_photo_out_of_focus_is_flagged(blur_px: float) -> None:
    assert "blurred" in assess(photo(blur_px=blur_px)).flags


@pytest.mark.parametrize("blur_px", [0, 1, 3])
def test_a_photo_in_focus_is_not_flagged(blur_px: float) -> None:
    quality = assess(photo(blur_px=blur_px))
    assert quality.flags == ()
    assert not quality.blurred.any()


def test_edge_blur_is_measured_whatever_the_contrast() -> None:
    # Steps of 8 px (sd) across a photo 768 px high are 1.04 % of the shorter side.
    x = np.arange(WIDTH, dtype=np.float32)
    for low, high in ((60, 200), (110, 160)):
        step = np.where(x % 512 < 256, low, high).astype(np.float32)
        soft = cv2.GaussianBlur(np.tile(step, (HEIGHT, 1)), (0, 0), 8)
        noise = np.random.default_rng(2).normal(0, 1, soft.shape)
        quality = assess(to_pixels(np.repeat((soft + noise)[..., None], 3, axis=2)))
        assert quality.edge_blur_percent == pytest.approx(100 * 8 / 768, rel=0.25)  # noise


def test_only_the_part_out_of_focus_is_masked() -> None:
    sharp, soft = photo(), photo(blur_px=9)
    pixels = sharp.copy()
    pixels[:, : WIDTH // 2] = soft[:, : WIDTH // 2]
    blurred = assess(pixels).blurred
    cover = hairs()[..., 0] > 0.5
    left, right = slice(0, WIDTH // 2 - 60), slice(WIDTH // 2 + 60, WIDTH)
    assert blurred[:, left][cover[:, left]].mean() > 0.6
    assert not blurred[:, right].any()


def test_sharpness_falls_with_blur_and_with_noise() -> None:
    values = [assess(photo(blur_px=blur)).sharpness for blur in (0, 3, 6, 12)]
    assert values == sorted(values, reverse=True)
    rng = np.random.default_rng(4)
    noisy = to_pixels(photo() + rng.normal(0, 12, (HEIGHT, WIDTH, 3)).astype(np.float32))
    assert assess(noisy).sharpness < values[0]


def test_a_photo_without_light_is_underexposed_and_dark_skin_is_not() -> None:
    assert "underexposed" in assess(photo(level=28)).flags
    assert assess(photo(level=75)).flags == ()


def test_graphics_are_neither_judged_nor_found() -> None:
    pixels = photo()
    masked = np.zeros((HEIGHT, WIDTH), bool)
    masked[:, :200] = True
    pixels[:, :200] = 255
    quality = assess(pixels, masked)
    assert quality.flags == ()
    assert not (quality.glare | quality.blurred | quality.dark)[masked].any()


def test_a_mirrored_photo_gives_mirrored_masks() -> None:
    pixels = photo()
    pixels[disc(300, 300, 50)] = 255
    pixels[~disc(WIDTH // 2, HEIGHT // 2, 500)] = 0
    plain, mirrored = assess(pixels), assess(np.ascontiguousarray(pixels[:, ::-1]))
    assert (plain.glare == mirrored.glare[:, ::-1]).mean() > 0.999
    assert (plain.dark == mirrored.dark[:, ::-1]).mean() > 0.999
    assert plain.sharpness == pytest.approx(mirrored.sharpness, rel=0.01)


def test_a_higher_glare_level_gives_a_part_of_the_glare() -> None:
    levels = skin(level=215)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    spot = 120 * np.exp(-((x - 500) ** 2 + (y - 300) ** 2) / (2 * 60**2))
    pixels = to_pixels(levels + spot[..., None].astype(np.float32))
    nothing = np.zeros((HEIGHT, WIDTH), bool)
    masks = [
        assess_quality(pixels, masked=nothing, settings=PhotoSettings(glare_level=level)).glare
        for level in (235, 245, 253)
    ]
    assert masks[2].any()
    assert not (masks[2] & ~masks[1]).any()
    assert not (masks[1] & ~masks[0]).any()


@pytest.mark.parametrize("shape", [(64, 64), (64, 900), (16, 16)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_small_and_uniform_photos_are_judged_without_error(
    shape: tuple[int, int], level: int
) -> None:
    quality = assess(np.full((*shape, 3), level, np.uint8))
    assert quality.glare.shape == shape
    assert not quality.blurred.any()
    assert ("overexposed" in quality.flags) == (level == 255)
    assert ("underexposed" in quality.flags) == (level == 0)
