"""What of a photo can be read: glare, parts out of focus, parts too dark; and its flags.

All of it is found on a copy reduced to `_WORKING_SIDE_PX` rows or columns, whichever is shorter, so
that the time hardly grows with the photo.

**Glare** is burnt-out area: the darkest channel is at its end, so that nothing is left to measure.
What is thinner than `_GLARE_WIDTH` of the shorter side stays: grains of reflection on moist skin
hide nothing, and a white hair or a ruler's line is thin too.

**Dark** is wide dark area: black corners, what lies outside a dermoscope's circle, deep shadow.
Anything narrower than `_DARK_WIDTH` may be a hair.

**Blurred** means that structure is there but soft.  Skin without structure tells nothing about
focus and is never called blurred.  The blur of each edge is measured by blurring it once more: an
edge of standard deviation s loses slope by the factor sqrt((s² + σ²) / s²), whatever its contrast.
Where nearly all edges of a neighbourhood are wider than a setting, both absolutely and against the
best-focused edges of the same photo, the neighbourhood is out of focus.  This is made for hair and
print; a brow or the shading of a nose is soft by nature and looks the same.

References
----------
S. Zhuo, T. Sim, Defocus map estimation from a single image, Pattern Recognition 44 (2011),
doi:10.1016/j.patcog.2011.03.009 (blur by re-blurring).
J. Immerkær, Fast noise variance estimation, CVIU 64 (1996), doi:10.1006/cviu.1996.0060.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..settings import PhotoSettings
from .symmetry import odd
from .text_lines import grey_maps

Mask = NDArray[np.bool_]
Levels = NDArray[np.float32]

#: Shorter side of the reduced copy: hair of a 6 mm field is still 6 pixels wide.
_WORKING_SIDE_PX = 512

# Lengths as shares of the shorter side.
_GLARE_WIDTH = 0.025
_GLARE_MARGIN = 0.006
_DARK_WIDTH = 0.10
_DARK_MARGIN = 0.01
_NEIGHBOURHOOD = 0.09

#: What a disc does not reach in a corner, and an uneven border, reduced pixels.
_RECOVERED_PX = 3.0

#: First smoothing and further blurring of the re-blur measure, reduced pixels (sd).
_SMOOTHING_PX = 1.0
_REBLURRING_PX = 3.0
#: Slopes below this many standard deviations of the noise are no edge ...
_EDGE_NOISE = 6.0
#: ... nor are those whose step, over the edge's whole width, is less than this of 255.
_EDGE_STEP = 15.0
#: A part is out of focus by the edges of a higher step alone: the shading of a cheek is a wide edge
#: of small contrast.
_PART_STEP = 40.0
#: Wider edges than this (reduced pixels, sd) are shading, not a thing out of focus.
_WIDEST_EDGE_PX = 14.0
#: In a small photo the pixels themselves are the limit: no edge is called soft below this (sd).
_SHARPEST_LIMIT_PX = 2.0
#: Share of a neighbourhood's pixels that must be soft edges, and of its edges that must be soft.
_SOFT_DENSITY = 0.025
_SOFT_SHARE = 0.7
#: Fewer edges than this share of the photo tell nothing about focus.
_MIN_EDGE_SHARE = 0.0015
#: The share of best-focused edges that others are compared with.
_BEST_SHARE = 0.1
#: Rounding to whole levels alone makes this much noise.
_MIN_NOISE = 0.3

# Shares of the photo from which it is flagged.
_FLAGGED_GLARE = 0.005
_FLAGGED_BURNT_OUT = 0.15
_FLAGGED_BLURRED = 0.25
_FLAGGED_DARK = 0.6


@dataclass(frozen=True, eq=False)
class Quality:
    """What cannot be read, as masks of the photo, and how sharp it is.

    Parameters
    ----------
    glare, blurred, dark : ndarray of bool, shape (h, w)
        Burnt out, out of focus, too dark.
    sharpness : float
        Slope of the steepest hundredth of the photo, in standard deviations of its noise.
    edge_blur_percent : float
        Standard deviation of the best-focused edges in % of the shorter side; NaN without edges.
    flags : tuple of str
    """

    glare: Mask
    blurred: Mask
    dark: Mask
    sharpness: float
    edge_blur_percent: float
    flags: tuple[str, ...]


def assess_quality(pixels: NDArray[np.uint8], *, masked: Mask, settings: PhotoSettings) -> Quality:
    """Return what of a photo cannot be read.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright sRGB.
    masked : ndarray of bool, shape (h, w)
        Burnt-in graphics: neither judged nor counted.
    """
    height, width = pixels.shape[:2]
    factor = min(1.0, _WORKING_SIDE_PX / min(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    left_out = cv2.resize(masked.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    side = min(size)

    brightness = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    least, _ = grey_maps(np.asarray(small, np.uint8))
    burnt_out = (least >= settings.glare_level) & ~left_out
    glare = _grow(_wide_parts(burnt_out, _GLARE_WIDTH * side), _GLARE_MARGIN * side)
    dark = (brightness <= settings.dark_level) & ~left_out
    dark = _grow(_wide_parts(dark, _DARK_WIDTH * side), _DARK_MARGIN * side)

    edges = _find_edges(brightness, ~(left_out | glare | dark))
    soft_px = max(_SHARPEST_LIMIT_PX, settings.defocus_percent / 100 * side)
    limit_px = max(soft_px, settings.defocus_ratio * edges.best_px)
    blurred = _soft_parts(edges, limit_px, _NEIGHBOURHOOD * side) & ~(glare | dark)

    flags = _judge(
        brightness,
        ~left_out,
        glare=glare,
        blurred=blurred,
        dark=dark,
        burnt_out_share=float(burnt_out.mean()),
        is_soft=edges.best_px > soft_px,
        underexposed_level=settings.underexposed_level,
    )
    full = (width, height)
    return Quality(
        glare=_enlarge(glare, full) & ~masked,
        blurred=_enlarge(blurred, full) & ~masked,
        dark=_enlarge(dark, full) & ~masked,
        sharpness=edges.sharpness,
        edge_blur_percent=100 * edges.best_px / side,
        flags=flags,
    )


@dataclass(frozen=True, eq=False)
class _Edges:
    """The ridges of the slope: where they are, how wide, and the best-focused of them."""

    where: Mask
    blur_px: Levels
    step: Levels
    best_px: float
    sharpness: float


def _find_edges(brightness: NDArray[np.uint8], readable: Mask) -> _Edges:
    """Return edges of the reduced photo with their blur, reduced pixels (sd)."""
    light = brightness.astype(np.float32)
    once = np.asarray(cv2.GaussianBlur(light, (0, 0), _SMOOTHING_PX), np.float32)
    twice = np.asarray(cv2.GaussianBlur(once, (0, 0), _REBLURRING_PX), np.float32)
    across, down = _gradient(once)
    # A tenth of the time of NumPy's `hypot`.
    slope = np.asarray(cv2.magnitude(across, down), np.float32)
    slope_after = np.asarray(cv2.magnitude(*_gradient(twice)), np.float32)
    noise = _noise(light, readable)
    # White noise of sd n has, after smoothing with sd σ, a slope of sd n / (σ² √(8π)) per axis.
    slope_noise = noise / (_SMOOTHING_PX**2 * math.sqrt(8 * math.pi))
    ratio_squared = (slope / np.maximum(slope_after, 1e-3)) ** 2
    # (s² + σ²) / s² = ratio², with s² the edge's own variance and that of the first smoothing.
    total = _REBLURRING_PX**2 / np.maximum(ratio_squared - 1, 1e-3)
    blur = np.sqrt(np.maximum(total - _SMOOTHING_PX**2, 0))
    # A step of height a and width s has the slope a / (s √(2π)) at its middle.
    step = slope * np.sqrt(2 * math.pi * total)
    # Steps at the border of what is left out are not the photo's own.
    inside = cv2.erode(readable.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    where = (
        _ridges(slope, across, down)
        & inside
        & (slope >= _EDGE_NOISE * slope_noise)
        & (step >= _EDGE_STEP)
    )
    where &= blur <= _WIDEST_EDGE_PX
    has_edges = np.count_nonzero(where) >= _MIN_EDGE_SHARE * where.size
    seen = slope[inside]
    return _Edges(
        where=where,
        blur_px=blur,
        step=step,
        best_px=float(np.quantile(blur[where], _BEST_SHARE)) if has_edges else math.nan,
        sharpness=float(np.quantile(seen, 0.99)) / slope_noise if seen.size else math.nan,
    )


def _gradient(light: Levels) -> tuple[Levels, Levels]:
    """Return the slopes to the right and downwards, levels per pixel, by central differences."""
    across = cv2.Sobel(light, cv2.CV_32F, 1, 0, ksize=1, scale=0.5)
    down = cv2.Sobel(light, cv2.CV_32F, 0, 1, ksize=1, scale=0.5)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _ridges(slope: Levels, across: Levels, down: Levels) -> Mask:
    """Return where the slope is highest along its own direction, to the nearest axis."""
    row, column = np.ones((1, 3), np.uint8), np.ones((3, 1), np.uint8)
    is_steeper_across = np.abs(across) >= np.abs(down)
    highest = np.where(is_steeper_across, cv2.dilate(slope, row), cv2.dilate(slope, column))
    ridges: Mask = slope >= highest
    return ridges


def _noise(light: Levels, readable: Mask) -> float:
    """Return the standard deviation of the noise in levels, by Immerkær's mask and the median."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32) / 6
    response = np.abs(cv2.filter2D(light, cv2.CV_32F, kernel))[readable]
    # The median of |x| of a normal variable is 0.6745 of its standard deviation.
    return max(_MIN_NOISE, float(np.median(response)) / 0.6745) if response.size else _MIN_NOISE


def _soft_parts(edges: _Edges, limit_px: float, window_px: float) -> Mask:
    """Return where nearly all edges of the neighbourhood are wider than `limit_px`."""
    if not math.isfinite(limit_px):
        return np.zeros_like(edges.where)
    strong = edges.where & (edges.step >= _PART_STEP)
    soft = strong & (edges.blur_px > limit_px)
    window = (max(3, odd(window_px)),) * 2
    soft_density = cv2.blur(soft.astype(np.float32), window)
    density = cv2.blur(strong.astype(np.float32), window)
    found: Mask = (soft_density >= _SOFT_DENSITY) & (soft_density >= _SOFT_SHARE * density)
    return _wide_parts(found, window_px / 2)


def _judge(
    brightness: NDArray[np.uint8],
    photo: Mask,
    *,
    glare: Mask,
    blurred: Mask,
    dark: Mask,
    burnt_out_share: float,
    is_soft: bool,
    underexposed_level: int,
) -> tuple[str, ...]:
    """Return the flags that the shares of the photo ask for, sorted."""
    lit = brightness[photo & ~dark]
    area = max(1, int(np.count_nonzero(photo)))
    dark_share = np.count_nonzero(dark) / area
    holds = {
        "blurred": is_soft or np.count_nonzero(blurred) / area >= _FLAGGED_BLURRED,
        "glare": np.count_nonzero(glare) / area >= _FLAGGED_GLARE,
        "overexposed": burnt_out_share >= _FLAGGED_BURNT_OUT,
        "underexposed": dark_share >= _FLAGGED_DARK
        or (lit.size > 0 and float(np.median(lit)) < underexposed_level),
    }
    return tuple(sorted(name for name, is_so in holds.items() if is_so))


def _wide_parts(mask: Mask, width_px: float) -> Mask:
    """Return what of a mask holds a disc of this width, with its outline as it was.

    Beyond the photo the mask goes on as it is at the edge: a sliver that runs along the edge is
    part of something wide, a hair that runs out of the photo is not.
    """
    if not mask.any():
        return mask
    pad = min(math.ceil(width_px), *mask.shape)
    padded = np.pad(mask, pad, mode="edge")
    # One pixel in the photo's corner does not decide on all that lies beyond it.
    for rows in (slice(pad), slice(-pad, None)):
        for columns in (slice(pad), slice(-pad, None)):
            padded[rows, columns] = False
    core = _distance_to(~padded) > width_px / 2
    parts = (_distance_to(core) <= width_px / 2 + _RECOVERED_PX) & padded
    return parts[pad : pad + mask.shape[0], pad : pad + mask.shape[1]]


def _grow(mask: Mask, margin_px: float) -> Mask:
    grown: Mask = _distance_to(mask) <= margin_px
    return grown


def _distance_to(mask: Mask) -> Levels:
    """Return each pixel's distance to the nearest one of the mask, pixels."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    away = (~mask).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, 5), np.float32)


def _enlarge(mask: Mask, size: tuple[int, int]) -> Mask:
    """Return a mask of the reduced photo at the size (width, height) of the photo."""
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    # Just more than half, so that rounding does not decide where it is exactly half.
    enlarged: Mask = share > 0.502
    return enlarged
