"""What is skin: this person's own skin colour and the light on the face, fitted on sure skin.

Two maps tell hair, frames, lips, cloth and background from skin: how much darker a pixel is than
skin would be there, as optical density, and how far its colour ratios are from the skin's.  Ratios
of linear channels do not change with the light's brightness, so shading stays out of the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NothingReadableError
from ..photo.colour import LUMINANCE, linear_light
from .geometry import FaceLandmarks
from .mesh_points import CHEEK_SEED, FOREHEAD_SEED, NOSE_SEED, chain_points, mirrored_chain

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Linear light below this is camera noise; it keeps logarithms finite.
DARK_LEVEL = 0.002

#: Rounds of fitting the light and dropping what is not skin.
FIT_ROUNDS = 6

#: Pixels this much darker or brighter (optical density) than the fit are dropped from it: lesions
#: and creases are darker by 0.05 to 0.25, glare is brighter.
FIT_DARKER, FIT_BRIGHTER = 0.08, 0.12

#: Seed pixels used for the fit; more do not change it.
FIT_SAMPLES = 6000

#: The light is followed over this distance (shares of the face's width), in this many rounds, by
#: this much at most (optical density; robust deviations of colour), and pulled to the smooth light
#: where nothing around is skin.
FOLLOW_BLUR, FOLLOW_ROUNDS, FOLLOW_LIMIT, FOLLOW_COLOUR_LIMIT, FOLLOW_PRIOR = (
    0.06,
    5,
    0.35,
    3.5,
    0.05,
)

#: The light is followed on maps reduced by this: it is smooth, and costs a sixteenth.
FOLLOW_REDUCTION = 4

#: Least spread of skin's colour ratios (log10), for photos whose skin is nearly grey or smoothed.
MIN_COLOUR_SPREAD = 0.025

#: A pixel may speak this much for skin, and this much against it.  Hair, brow or cloth speaks
#: against with full force, a lesion hardly at all.
FOR_SKIN, AGAINST_SKIN = 1.0, 3.0

#: Width of the face at which hair and skin are told apart: strands are a pixel wide, and the cost
#: does not depend on the photo.
ANALYSIS_WIDTH_PX = 240.0

#: Scale of the grain in face widths (about 0.7 mm), and the least grain that skin is taken to have
#: (log10 luminance): smoothed portraits have none.
GRAIN_SIGMA, MIN_GRAIN = 0.005, 0.004

#: Strands differ from their surroundings by about this much (log10 luminance); edges by far more.
MAX_GRAIN = 0.02


@dataclass(frozen=True, eq=False)
class SkinMaps:
    """How unlike this person's skin each pixel is.

    Parameters
    ----------
    darker : ndarray of float32, shape (height, width)
        Optical density above that of skin around it; hair 0.4 to 1, a lesion less than its 0.05
        to 0.25, glare negative.
    colour : ndarray of float32, shape (height, width)
        Distance of the colour ratios from the skin's, in robust standard deviations.
    shade : ndarray of float32, shape (height, width)
        As `darker`, but against one smooth light on the whole face: shading, folds' and chins'
        shadows and wide lesions are still in it.
    brightness : ndarray of float32, shape (height, width)
        Linear luminance, 0 to 1.
    """

    darker: Floats
    colour: Floats
    shade: Floats
    brightness: Floats


def fit_skin(pixels: NDArray[np.uint8], seeds: Mask, *, width_px: float) -> SkinMaps:
    """Fit this person's skin on pixels that are skin for sure, and compare every pixel with it.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        sRGB.
    seeds : ndarray of bool, shape (height, width)
        Sure skin: cheeks, nose, middle of the forehead.  Lesions, creases and glare among it are
        dropped by the fit.
    width_px : float
        Width of the face.

    Notes
    -----
    The light is a quadratic surface in log luminance (6 coefficients), fitted by least squares and
    refitted without the pixels that lie off it; darker pixels are dropped sooner than brighter
    ones are kept, so that the surface follows normal skin.
    """
    linear = np.maximum(linear_light(pixels), DARK_LEVEL)
    brightness = np.asarray(linear @ LUMINANCE, np.float32)
    density = -np.log10(brightness)
    ratios = np.stack(
        [np.log10(linear[..., 0] / linear[..., 1]), np.log10(linear[..., 1] / linear[..., 2])],
        axis=-1,
    )
    rows, cols = np.nonzero(seeds)
    step = max(1, len(rows) // FIT_SAMPLES)
    rows, cols = rows[::step], cols[::step]
    middle = np.array([cols.mean(), rows.mean()])
    spread = max(float(cols.std() + rows.std()), 1.0)
    terms = _terms((cols - middle[0]) / spread, (rows - middle[1]) / spread)
    values = density[rows, cols]
    keep = np.abs(values - np.median(values)) < 3 * FIT_BRIGHTER
    coefficients = np.zeros(terms.shape[1])
    for _ in range(FIT_ROUNDS):
        coefficients = np.linalg.lstsq(terms[keep], values[keep], rcond=None)[0]
        off = values - terms @ coefficients
        off -= np.median(off[keep])
        new = (off < FIT_DARKER) & (off > -FIT_BRIGHTER)
        if new.sum() < len(values) // 10 or (new == keep).all():
            break
        keep = new
    height, width = seeds.shape
    # Far outside the face a quadratic runs away: it is held at the edge of the seeds.
    x = np.clip(np.arange(width), cols.min(), cols.max())
    y = np.clip(np.arange(height), rows.min(), rows.max())
    grid_x, grid_y = np.meshgrid((x - middle[0]) / spread, (y - middle[1]) / spread)
    expected = np.einsum(
        "ijk,k->ij", _terms(grid_x.ravel(), grid_y.ravel()).reshape(height, width, -1), coefficients
    )
    sample = ratios[rows, cols][keep]
    centre = np.median(sample, axis=0)
    deviation = np.maximum(1.4826 * np.median(np.abs(sample - centre), axis=0), MIN_COLOUR_SPREAD)
    shade = (density - expected).astype(np.float32)
    spread_ratios = ((ratios - centre) / deviation).astype(np.float32)
    darker, colour = _follow_skin(shade, spread_ratios, blur_px=FOLLOW_BLUR * width_px)
    return SkinMaps(darker, colour, shade, brightness)


def _follow_skin(shade: Floats, ratios: Floats, *, blur_px: float) -> tuple[Floats, Floats]:
    """Return `darker` and `colour` against the skin around each pixel.

    Skin around a pixel is the mean over its surroundings, weighted by how much they are like skin;
    the weights follow the means in a few rounds.  So the side of a chin or of a cheek, which turns
    from the light by degrees, stays skin, and hair, which begins at an edge, does not become skin.
    """
    height, width = shade.shape
    size = (max(1, width // FOLLOW_REDUCTION), max(1, height // FOLLOW_REDUCTION))
    blur = blur_px / FOLLOW_REDUCTION
    values = cv2.resize(np.dstack([shade, ratios]), size, interpolation=cv2.INTER_AREA)
    limit = np.array([FOLLOW_LIMIT, FOLLOW_COLOUR_LIMIT, FOLLOW_COLOUR_LIMIT], np.float32)
    around = np.zeros_like(values)
    for _ in range(FOLLOW_ROUNDS):
        off = values - around
        weight = np.exp(-_against_skin(off[..., 0], np.hypot(off[..., 1], off[..., 2])))
        total = cv2.GaussianBlur(weight, (0, 0), blur) + FOLLOW_PRIOR
        mean = cv2.GaussianBlur(weight[..., None] * values, (0, 0), blur) / total[..., None]
        around = np.clip(mean, -limit, limit)
    around = cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR)
    off = np.dstack([shade, ratios]) - around
    return (
        np.ascontiguousarray(off[..., 0], np.float32),
        np.hypot(off[..., 1], off[..., 2]).astype(np.float32),
    )


def _against_skin(darker: Floats, colour: Floats) -> Floats:
    # Half a unit is lost at: 0.20 OD darker (a strong lesion), 0.25 OD brighter (glare), 4
    # deviations of colour.
    return np.asarray(
        (
            (np.maximum(darker - 0.10, 0.0) / 0.10) ** 2
            + (np.maximum(-darker - 0.15, 0.0) / 0.10) ** 2
            + (np.maximum(colour - 2.5, 0.0) / 1.5) ** 2
        )
        / 2.0,
        np.float32,
    )


def grain(brightness: Floats, *, sigma_px: float) -> Floats:
    """Return the fine contrast of each pixel's surroundings: strands are coarse, skin is fine.

    Root mean square of log10 luminance minus its Gaussian blur, over twice that blur; the
    difference is clipped, so that one sharp edge does not count as much as strands.
    """
    logs = np.log10(brightness)
    fine = np.clip(logs - cv2.GaussianBlur(logs, (0, 0), sigma_px), -MAX_GRAIN, MAX_GRAIN)
    return np.sqrt(np.maximum(cv2.GaussianBlur(fine * fine, (0, 0), 2 * sigma_px), 0.0)).astype(
        np.float32
    )


def skin_evidence(maps: SkinMaps, coarse: Floats) -> Floats:
    """Return how much each pixel speaks for skin, `FOR_SKIN` to -`AGAINST_SKIN`.

    Parameters
    ----------
    maps : SkinMaps
    coarse : ndarray of float32, shape (height, width)
        `grain` over that of sure skin: 1 for skin, 2 to 6 for strands.
    """
    # Half a unit is lost at 3 times the grain of skin.
    against = _against_skin(maps.darker, maps.colour) + np.maximum(coarse - 2.0, 0.0) ** 2 / 2.0
    return np.asarray(np.maximum(FOR_SKIN - against, -AGAINST_SKIN), np.float32)


@dataclass(frozen=True, eq=False)
class SkinAnalysis:
    """The face at `ANALYSIS_WIDTH_PX`, and how each of its pixels speaks for or against skin.

    Parameters
    ----------
    maps : SkinMaps
    coarse : ndarray of float32, shape (height, width)
        `grain` over that of sure skin.
    evidence : ndarray of float32, shape (height, width)
        `skin_evidence`.
    lowest : ndarray of uint8, shape (height, width)
        The darkest channel, 0 to 255.
    points_px : ndarray of float32, shape (468, 2)
        The mesh at this scale.
    width_px : float
        Width of the face at this scale.
    """

    maps: SkinMaps
    coarse: Floats
    evidence: Floats
    lowest: NDArray[np.uint8]
    points_px: NDArray[np.float32]
    width_px: float


def analyse_skin(pixels: NDArray[np.uint8], landmarks: FaceLandmarks) -> SkinAnalysis:
    """Return how much each pixel of the working image is like this person's skin.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        The working image.
    landmarks : FaceLandmarks
        In its pixels.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, ANALYSIS_WIDTH_PX / landmarks.face_width_px)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    points = (landmarks.points_px * (size[0] / width, size[1] / height)).astype(np.float32)
    width_px = landmarks.face_width_px * scale
    seeds = np.zeros(small.shape[:2], np.uint8)
    for chain in (CHEEK_SEED, mirrored_chain(CHEEK_SEED), FOREHEAD_SEED, NOSE_SEED):
        cv2.fillPoly(seeds, [np.round(chain_points(points, chain) - 0.5).astype(np.int32)], 1)
    covered = [np.round(p * scale - 0.5).astype(np.int32) for p in landmarks.eye_cover_px]
    cv2.fillPoly(seeds, covered, 0)
    if not seeds.any():
        raise NothingReadableError("No skin of the face lies inside the photo.")
    maps = fit_skin(small, seeds > 0, width_px=width_px)
    fine = grain(maps.brightness, sigma_px=GRAIN_SIGMA * width_px)
    coarse = fine / max(float(np.median(fine[seeds > 0])), MIN_GRAIN)
    return SkinAnalysis(
        maps, coarse, skin_evidence(maps, coarse), small.min(axis=2), points, width_px
    )


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
