"""Light, lens, sensor and file: from linear light to the bytes that a device would store."""

from __future__ import annotations

import io
import math

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .spec import CameraSpec, ScalpSpec

Floats = NDArray[np.float32]

#: Entries of the table from linear light to sRGB; linear light above 1 is burnt out.
TONE_ENTRIES = 4096
#: Blurs that are blended where the focus changes over the field, relative to the greatest.
FOCUS_LEVELS = (0.0, 0.35, 0.7, 1.0)
#: Electrons at white over electrons of read noise: how shot noise grows with light.
SHOT_SHARE = 0.8
#: White balance makes red and, most of all, blue noisier than green.
CHANNEL_NOISE = np.array([1.2, 1.0, 2.0], np.float32)


def light_field(spec: ScalpSpec, *, rng: np.random.Generator) -> Floats:
    """Return the light on the skin, shape (height, width, 3): lamp colour, vignette, tint."""
    camera = spec.camera
    height, width = spec.height_px, spec.width_px
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height * 2 - 1
    x = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width * 2 - 1
    cx, cy = rng.uniform(-0.15, 0.15, 2)
    r2 = ((x - cx) ** 2 + (y - cy) ** 2) / 2.0
    base = camera.exposure * (1.0 - camera.vignette * r2)
    light = base[..., None] * np.array(camera.white_balance, np.float32)
    if camera.violet > 0:
        turn = rng.normal(math.pi / 2, 0.25)
        along = x * math.cos(turn) + y * math.sin(turn) + rng.uniform(-0.35, 0.35)
        tint = (camera.violet * np.clip(np.abs(along), 0.0, 1.2) ** 1.6)[..., None]
        light = light * (1.0 + tint * np.array([-0.04, 0.02, 1.0], np.float32))
    return np.asarray(light, np.float32)


def aperture_mask(spec: ScalpSpec) -> NDArray[np.bool_]:
    """Return where a round aperture lets light through, shape (height, width)."""
    shape = (spec.height_px, spec.width_px)
    if spec.camera.circle_share <= 0:
        return np.ones(shape, bool)
    radius = spec.camera.circle_share * min(shape) / 2
    y = np.arange(shape[0])[:, None] + 0.5 - shape[0] / 2
    x = np.arange(shape[1])[None, :] + 0.5 - shape[1] / 2
    return np.asarray(np.hypot(x, y) <= radius)


def focus_lens(linear: Floats, camera: CameraSpec, *, rng: np.random.Generator) -> Floats:
    """Blur by the lens, more where tilted or domed skin leaves the focus, then by movement."""
    height, width = linear.shape[:2]
    sharp = _blur(linear, camera.blur_px)
    if camera.tilt_blur_px > 0.1:
        tilt, dome = rng.normal(0.0, 0.6, 2), rng.uniform(0.2, 0.9)
        y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height * 2 - 1
        x = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width * 2 - 1
        out_of_focus = np.abs(tilt[0] * x + tilt[1] * y + dome * (x * x + y * y - 0.5))
        level = np.clip(out_of_focus / 1.1, 0.0, 1.0)
        layers = [sharp]
        for share in FOCUS_LEVELS[1:]:
            layers.append(_blur(sharp, camera.tilt_blur_px * share))
        result = np.zeros_like(linear)
        for k, layer in enumerate(layers):
            before = FOCUS_LEVELS[k - 1] if k else -1.0
            after = FOCUS_LEVELS[k + 1] if k + 1 < len(FOCUS_LEVELS) else 2.0
            here = FOCUS_LEVELS[k]
            weight = np.minimum(
                (level - before) / (here - before), (after - level) / (after - here)
            )
            result += np.clip(weight, 0.0, 1.0)[..., None] * layer
        sharp = result
    if camera.motion_px > 1:
        sharp = _smear(sharp, camera.motion_px, rng.uniform(0.0, math.pi))
    return sharp


def _blur(image: Floats, sigma: float) -> Floats:
    if sigma < 0.1:
        return image
    size = 2 * math.ceil(3 * sigma) + 1
    return np.asarray(cv2.GaussianBlur(image, (size, size), sigma), np.float32)


def _smear(image: Floats, length_px: float, angle_rad: float) -> Floats:
    size = 2 * math.ceil(length_px / 2) + 3
    kernel = np.zeros((size, size), np.float32)
    half = length_px / 2 * np.array([math.cos(angle_rad), math.sin(angle_rad)])
    centre = size / 2 - 0.5
    ends = np.rint((centre + np.outer((-1, 1), half)) * 256).astype(int).tolist()
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, 8)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.float32)


def expose_sensor(linear: Floats, camera: CameraSpec, *, rng: np.random.Generator) -> Floats:
    """Return sRGB in 0 to 255 (float32) with sensor noise and the device's own sharpening."""
    if camera.is_grey:
        grey = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        linear = np.repeat(grey[..., None], 3, axis=2)
    tone = np.linspace(0.0, 1.0, TONE_ENTRIES)
    curve = np.where(tone <= 0.0031308, 12.92 * tone, 1.055 * tone ** (1 / 2.4) - 0.055) * 255.0
    index = np.clip(linear * (TONE_ENTRIES - 1) + 0.5, 0, TONE_ENTRIES - 1).astype(np.uint16)
    srgb = curve.astype(np.float32)[index]
    if camera.noise > 0:
        grain = rng.standard_normal(linear.shape, dtype=np.float32)
        # Demosaicing makes noise of neighbouring pixels alike.
        grain = cv2.GaussianBlur(grain, (3, 3), 0.5) * (1.6 * CHANNEL_NOISE)
        # Shot noise in linear light divided by the slope of sRGB is nearly flat in sRGB; what is
        # left of its growth with light is taken as linear.
        strength = camera.noise * (1.0 - SHOT_SHARE / 2 + SHOT_SHARE * srgb / 255.0)
        if camera.is_grey:
            grain = np.repeat(grain[..., :1], 3, axis=2)
        srgb = srgb + strength * grain
    if camera.sharpen > 0:
        srgb = srgb + camera.sharpen * (srgb - _blur(srgb, camera.sharpen_radius_px))
    return np.asarray(srgb, np.float32)


def quantise(srgb: Floats) -> NDArray[np.uint8]:
    """Return 8-bit pixels."""
    return np.asarray(np.clip(srgb + 0.5, 0.0, 255.0), np.uint8)


def encode_jpeg(pixels: NDArray[np.uint8], camera: CameraSpec) -> bytes:
    """Return the JPEG file that the device would store."""
    quality = 95 if camera.jpeg_quality is None else camera.jpeg_quality
    file = io.BytesIO()
    Image.fromarray(pixels).save(
        file, "JPEG", quality=quality, subsampling=2 if camera.chroma_blur else 0
    )
    return file.getvalue()


def decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    """Return the pixels that a reader of the file gets."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return the file of a device that compresses without loss."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
