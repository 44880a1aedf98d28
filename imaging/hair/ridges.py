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

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..photo.ranks import MAD_TO_SIGMA
from ..photo.symmetry import every
from ..settings import HairSettings
from .evidence import Map, ShaftEvidence
from .skin import optical_densities
from .white import (
    Limits,
    grey_limits,
    greyness,
    has_pale_lines,
    paleness,
    skin_noise,
    white_limits,
)

#: What is further off the local skin than this density stands out from its texture.
_STANDS_OUT = 0.15
_GRAIN_MM = 0.014
#: A photo's contrast is the mean of this share of its strongest line responses; whether anything
#: stands out is told by a smaller one, as fair hair may be sparse.
_STRONGEST_SHARE, _STANDING_OUT_SHARE = 0.02, 0.005
#: Where that is less than this many times the least contrast to noise, fair hair is amplified by a
#: part: no photo lies on an edge between all and nothing.
_FULL_GAIN = 4 / 3
#: Noise is the median response of every so many rows and columns; most of them show skin.
_NOISE_STRIDE = 5
#: Density at which a shaft counts as black: beyond it, 8-bit values are noise.
_BLACK_DENSITY = 1.7
#: Brighter than skin by more than this is reflection and tells nothing more.
_LEAST_DENSITY = -0.3
#: The wide filter answers a usual hair with this share of its density.
_BAR_RESPONSE = 0.4
#: OpenCV transforms sides of whole multiples of this in two thirds of the time of others.
_TRANSFORM_PX = 32
#: Filters with more values than this, over all angles, are not kept (32 MB for each width).
_MOST_KEPT = 8_000_000


def find_ridges(
    pixels: Map,
    *,
    valid: NDArray[np.bool_],
    px_per_mm: float,
    zoom: float,
    settings: HairSettings,
    least_contrast_to_noise: float | None = None,
) -> ShaftEvidence:
    """Return the classical evidence of a photo at the working scale.

    Parameters
    ----------
    pixels : ndarray of float32, shape (h, w, 3)
        sRGB levels, 0 to 255, at the working scale.
    valid : ndarray of bool, shape (h, w)
    px_per_mm, zoom : float
        Working pixels per millimetre, and per photo pixel.
    settings : HairSettings
    least_contrast_to_noise : float, optional
        In place of that of the settings.
    """
    densities = optical_densities(pixels, valid=valid, px_per_mm=px_per_mm)
    darkness, shade = shaft_density(densities, valid, px_per_mm, settings)
    responses = _both_responses(darkness, px_per_mm, settings)
    if least_contrast_to_noise is None:
        least_contrast_to_noise = settings.least_contrast_to_noise
    gain = np.float32(_contrast_gain(responses[-1], valid, least_contrast_to_noise, settings))
    if gain > 1:
        darkness, shade = darkness * gain, shade * gain
        for response in responses:
            np.multiply(response, gain, out=response)
    evidence = ShaftEvidence(darkness, shade, tuple(responses), valid, px_per_mm, zoom)
    return _with_pale_evidence(evidence, densities, pixels, settings)


def _with_pale_evidence(
    dark: ShaftEvidence, densities: Map, pixels: Map, settings: HairSettings
) -> ShaftEvidence:
    """Return the evidence with that for white and grey hairs where something looks like one."""
    valid = dark.valid
    if settings.polarity != "auto" or not valid.any():
        return dark
    # Where hair hides the skin, gaps between dark hairs have the shape of white ones.
    if np.mean(dark.darkness[valid] >= settings.cover_density) > settings.most_cover_share:
        return dark
    pale = _pale_evidence(paleness(densities, valid), dark, white_limits(settings), settings)
    grey = _pale_evidence(greyness(densities, valid, pixels), dark, grey_limits(settings), settings)
    if (pale or grey) and _is_light_hair(densities.mean(axis=2), valid, dark.px_per_mm, settings):
        return dark
    return replace(dark, pale=pale, grey=grey)


def _pale_evidence(
    pale: Map, dark: ShaftEvidence, limits: Limits, settings: HairSettings
) -> ShaftEvidence | None:
    """Return the evidence for white or grey hairs; None where nothing looks like one."""
    noise = skin_noise(pale, dark.valid, dark.px_per_mm, settings)
    least_contrast = limits.contrast_to_noise * noise
    if not has_pale_lines(pale, dark.px_per_mm, least_contrast, settings):
        return None
    # The palest line that can be a hair is amplified until it starts a trace.
    gain = settings.seed_response / (_BAR_RESPONSE * least_contrast)
    pale *= np.float32(np.clip(gain, 1.0, settings.most_gain))
    responses = _both_responses(pale, dark.px_per_mm, settings)
    return replace(dark, darkness=pale, responses=tuple(responses))


def _both_responses(darkness: Map, px_per_mm: float, settings: HairSettings) -> list[Map]:
    # The wide filter comes last: it shows the contrast of usual hair.
    return [
        oriented_responses(
            darkness,
            across_px=width_um * 1e-3 * px_per_mm,
            along_px=settings.filter_length_mm * px_per_mm,
            angles=settings.filter_angles,
        )
        for width_um in (settings.narrow_filter_um, settings.wide_filter_um)
    ]


def shaft_density(
    densities: Map, valid: NDArray[np.bool_], px_per_mm: float, settings: HairSettings
) -> tuple[Map, Map]:
    """Return darkness and shade, as in `ShaftEvidence`, of optical densities of shape (h, w, 3)."""
    first, second, third = cv2.split(densities)
    # One channel after the other: sums along an axis of three take five times as long.
    mean = np.asarray((first + second + third) / np.float32(3), np.float32)
    # The shadow of a shaft under the skin is dark whatever the shaft.
    shade: Map = np.clip(mean, _LEAST_DENSITY, _BLACK_DENSITY)
    shade[~valid] = 0.0
    if _is_light_hair(mean, valid, px_per_mm, settings):
        lowest = -cv2.max(cv2.max(first, second), third)
    else:
        lowest = cv2.min(cv2.min(first, second), third)
    darkness: Map = np.clip(lowest, _LEAST_DENSITY, _BLACK_DENSITY)
    darkness[~valid] = 0.0
    return darkness, shade


def oriented_responses(darkness: Map, *, across_px: float, along_px: float, angles: int) -> Map:
    """Return line responses, float32 of shape (angles, h, w), positive on dark lines.

    The filter is −σ² ∂²/∂v² of a Gaussian with standard deviation ``across_px`` across the line
    (v) and ``along_px`` along it, applied in the frequency domain; reflecting borders.  Filters of
    the last photograph's size are kept for the next one.
    """
    height, width = darkness.shape
    pad = int(np.ceil(3 * along_px))
    shape = (_transformed_px(height + 2 * pad), _transformed_px(width + 2 * pad))
    padded = np.zeros(shape, np.float32)
    padded[: height + 2 * pad, : width + 2 * pad] = np.pad(darkness, pad, mode="symmetric")
    # What the way back is not scaled by, the picture is.
    padded *= np.float32(1.0 / padded.size)
    spectrum = np.asarray(cv2.dft(padded), np.float32)
    product, plane = np.empty_like(padded), padded
    responses = np.empty((angles, height, width), np.float32)

    def write_response(k: int) -> None:
        cv2.dft(product, dst=plane, flags=cv2.DFT_INVERSE)
        responses[k] = plane[pad : pad + height, pad : pad + width]

    is_small = (angles // 2 + 1) * spectrum.size <= _MOST_KEPT
    transfers = _kept_transfers if is_small else _transfers
    for k, transfer in enumerate(transfers(shape, across_px, along_px, angles)):
        np.multiply(spectrum, transfer, out=product)
        write_response(k)
        if 0 < k < angles - k:
            # The filter at the angle π − a is that at a upside down.
            np.multiply(spectrum[1:, 1:-1], transfer[:0:-1, 1:-1], out=product[1:, 1:-1])
            write_response(angles - k)
    return responses


def _transformed_px(length: int) -> int:
    """Return the next length that OpenCV transforms quickly, a multiple of `_TRANSFORM_PX`."""
    return _TRANSFORM_PX * int(scipy.fft.next_fast_len(-(-length // _TRANSFORM_PX)))


def _transfers(
    shape: tuple[int, int], across_px: float, along_px: float, angles: int
) -> Iterator[Map]:
    """Yield the filter of each angle up to a quarter turn, laid out as OpenCV packs a spectrum.

    A row is one frequency along the columns, the real parts of the first and the last frequency
    along the rows are its outer columns, and real and imaginary parts of the others alternate
    between them.  The outer columns are packed so themselves.
    """
    height, width = shape
    fy = (2 * np.pi * scipy.fft.fftfreq(height)).astype(np.float32)[:, None]
    fx = (2 * np.pi * scipy.fft.rfftfreq(width)).astype(np.float32)[None]
    across = np.empty((fy.size, fx.size), np.float32)
    rows = (np.arange(height) + 1) // 2
    for k in range(angles // 2 + 1):
        cos, sin = np.float32(np.cos(np.pi * k / angles)), np.float32(np.sin(np.pi * k / angles))
        transfer = fx * cos + fy * sin
        transfer *= along_px
        transfer *= transfer
        np.subtract(fy * cos, fx * sin, out=across)
        across *= across_px
        across *= across
        transfer += across
        transfer *= -0.5
        np.exp(transfer, out=transfer)
        transfer *= across
        packed = np.repeat(transfer, 2, axis=1)[:, 1:-1]
        # The last frequency along a row is its own opposite.
        packed[1:, -1] = 0.5 * (transfer[1:, -1] + transfer[:0:-1, -1])
        packed[:, [0, -1]] = packed[rows][:, [0, -1]]
        yield np.ascontiguousarray(packed)


@lru_cache(maxsize=2)
def _kept_transfers(
    shape: tuple[int, int], across_px: float, along_px: float, angles: int
) -> tuple[Map, ...]:
    return tuple(_transfers(shape, across_px, along_px, angles))


def _contrast_gain(
    response: Map, valid: NDArray[np.bool_], least_to_noise: float, settings: HairSettings
) -> float:
    """Return by how much the density of fair hair is amplified, 1 for dark hair and bare skin."""
    strongest = response.max(axis=0)[valid]
    if not strongest.size:
        return 1.0
    contrast = _mean_of_strongest(strongest, _STRONGEST_SHARE)
    if contrast >= settings.usual_contrast:
        return 1.0
    rows, columns = (every(_NOISE_STRIDE, length) for length in valid.shape)
    some = np.abs(response[:, rows, columns])
    noise = MAD_TO_SIGMA * float(np.median(some[:, valid[rows, columns]]))
    standing_out = _mean_of_strongest(strongest, _STANDING_OUT_SHARE)
    least = least_to_noise * noise
    share = np.clip((standing_out - least) / max((_FULL_GAIN - 1) * least, 1e-6), 0.0, 1.0)
    gain = np.clip(settings.usual_contrast / max(contrast, 1e-6), 1.0, settings.most_gain)
    return float(1.0 + share * (gain - 1.0))


def _mean_of_strongest(responses: Map, share: float) -> float:
    count = max(1, int(share * responses.size))
    return float(np.partition(responses, -count)[-count:].mean())


def _is_light_hair(
    density: Map, valid: NDArray[np.bool_], px_per_mm: float, settings: HairSettings
) -> bool:
    """Whether hair is taken for lighter than skin: by the setting, else by what stands out more.

    ``density`` (h, w) is the mean over the channels; it is smoothed over a third of a hair's width,
    so that grains of reflection do not count.
    """
    if settings.polarity != "auto":
        return settings.polarity == "light"
    mean = cv2.GaussianBlur(density, (0, 0), _GRAIN_MM * px_per_mm)[valid]
    dark = float(np.clip(mean - _STANDS_OUT, 0.0, 1.0).sum())
    light = float(np.clip(-mean - _STANDS_OUT, 0.0, 1.0).sum())
    return light > settings.light_hair_ratio * dark
