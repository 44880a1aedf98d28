"""Classical evidence for hairs: optical density over the local skin, and oriented line filters.

**Darkness.**  Each colour channel is divided by the local skin and turned into optical density; the
smallest of the three is kept.  A shaft absorbs in all channels; a vessel leaves red, ink and the
part of a shaft that lies under the skin leave blue.  So the minimum keeps shafts and drops the
rest, whatever the cast of the light.

**Responses.**  Second derivatives across an elongated Gaussian (Freeman and Adelson, "The design
and use of steerable filters", doi:10.1109/34.93808), every angle by itself: crossing hairs share a
pixel but not an angle.
"""

from __future__ import annotations

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import Map, ShaftEvidence
from .skin import optical_densities

#: Density at which a shaft counts as black: beyond it, 8-bit values are noise.
_BLACK_DENSITY = 1.7
#: Brighter than skin by more than this is reflection and tells nothing more.
_LEAST_DENSITY = -0.3


def find_ridges(
    pixels: NDArray[np.uint8],
    *,
    valid: NDArray[np.bool_],
    px_per_mm: float,
    zoom: float,
    settings: HairSettings,
) -> ShaftEvidence:
    """Return the classical evidence of a photo at the working scale.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        sRGB at the working scale.
    valid : ndarray of bool, shape (h, w)
    px_per_mm, zoom : float
        Working pixels per millimetre, and per photo pixel.
    settings : HairSettings
    """
    densities = optical_densities(pixels, valid=valid, px_per_mm=px_per_mm)
    if settings.polarity == "light" or (
        settings.polarity == "auto" and _is_light_hair(densities, valid, px_per_mm, settings)
    ):
        densities = -densities
    lowest = densities.min(axis=2)
    darkness = np.clip(lowest, _LEAST_DENSITY, _BLACK_DENSITY)
    darkness[~valid] = 0.0
    responses = tuple(
        oriented_responses(
            darkness,
            across_px=width_um * 1e-3 * px_per_mm,
            along_px=settings.filter_length_mm * px_per_mm,
            angles=settings.filter_angles,
        )
        for width_um in (settings.narrow_filter_um, settings.wide_filter_um)
    )
    shade = np.clip(densities.mean(axis=2), _LEAST_DENSITY, _BLACK_DENSITY)
    shade[~valid] = 0.0
    return ShaftEvidence(darkness, shade, responses, valid, px_per_mm, zoom)


def oriented_responses(darkness: Map, *, across_px: float, along_px: float, angles: int) -> Map:
    """Return line responses, float32 of shape (angles, h, w), positive on dark lines.

    The filter is −σ² ∂²/∂v² of a Gaussian with standard deviation ``across_px`` across the line
    (v) and ``along_px`` along it, applied in the frequency domain; reflecting borders.
    """
    height, width = darkness.shape
    pad = int(np.ceil(3 * along_px))
    padded = np.pad(darkness, pad, mode="symmetric")
    shape = tuple(scipy.fft.next_fast_len(n, real=True) for n in padded.shape)
    spectrum = scipy.fft.rfft2(padded, s=shape)
    fy = (2 * np.pi * scipy.fft.fftfreq(shape[0])).astype(np.float32)[:, None]
    fx = (2 * np.pi * scipy.fft.rfftfreq(shape[1])).astype(np.float32)[None]
    responses = np.empty((angles, height, width), np.float32)
    for k in range(angles):
        angle = np.pi * k / angles
        along = (fx * np.float32(np.cos(angle)) + fy * np.float32(np.sin(angle))) * along_px
        across = (fy * np.float32(np.cos(angle)) - fx * np.float32(np.sin(angle))) * across_px
        across *= across
        along *= along
        along += across
        along *= -0.5
        transfer = across * np.exp(along)
        plane = scipy.fft.irfft2(spectrum * transfer, s=shape)
        responses[k] = plane[pad : pad + height, pad : pad + width]
    return responses


def _is_light_hair(
    densities: Map, valid: NDArray[np.bool_], px_per_mm: float, settings: HairSettings
) -> bool:
    """Whether lines lighter than their surroundings clearly outweigh darker ones.

    Compared on a coarse copy: grains of reflection, which are light and short, average out there.
    """
    mean = densities.mean(axis=2)
    mean[~valid] = 0.0
    zoom = 0.5
    coarse = cv2.resize(mean, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    strength = oriented_responses(
        np.clip(coarse, -1.0, 1.0),
        across_px=settings.wide_filter_um * 1e-3 * px_per_mm * zoom,
        along_px=2 * settings.filter_length_mm * px_per_mm * zoom,
        angles=settings.filter_angles // 2,
    )
    dark = np.maximum(strength.max(axis=0), 0.0)
    light = np.maximum((-strength).max(axis=0), 0.0)
    # Dark and light lines flank each other; only the stronger side of each place counts.
    dark_sum = float(dark[dark > 2 * light].sum())
    light_sum = float(light[light > 2 * dark].sum())
    return light_sum > settings.light_hair_ratio * dark_sum
