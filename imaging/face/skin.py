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
from ..photo.colour import LUMINANCE, MELASMA_DIRECTION, linear_light
from ..photo.ranks import MAD_TO_SIGMA
from ..photo.text_lines import grey_maps
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
    8,
    0.35,
    3.5,
    0.05,
)

#: Least likeness to skin of what hands the light on to what lies beyond it: less is an edge.
FOLLOW_LIKENESS = 0.5

#: The light is followed on maps reduced by this: it is smooth, and costs a sixteenth.
FOLLOW_REDUCTION = 4

#: Least spread of skin's colour ratios (log10), for photos whose skin is nearly grey or smoothed.
MIN_COLOUR_SPREAD = 0.025

#: A lesion is brown and as fine as skin; hair as little darker than skin is yellow, grey or coarse.
#: So much of a lesion's optical density does not speak against skin.  It falls off over so many
#: multiples of skin's grain beyond 1.5, and over so many deviations of colour beyond 1 from skin
#: under melanin.
LESION_DENSITY, LESION_GRAIN, LESION_COLOUR = 0.12, 0.4, 0.5

#: By how much the colour ratios (log10 R/G, G/B) grow for each unit of a lesion's optical density.
MELASMA_RATIOS = np.diff(MELASMA_DIRECTION)

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
        Distance of the colour ratios from those of skin around it, in robust standard deviations.
    coarse : ndarray of float32, shape (height, width)
        `grain` over that of sure skin: 1 for skin, 2 to 6 for strands.
    evidence : ndarray of float32, shape (height, width)
        How much the pixel speaks for skin, `FOR_SKIN` to -`AGAINST_SKIN`.
    shade : ndarray of float32, shape (height, width)
        As `darker`, but against one smooth light on the whole face: shading, folds' and chins'
        shadows and wide lesions are still in it.
    brightness : ndarray of float32, shape (height, width)
        Linear luminance, 0 to 1.
    """

    darker: Floats
    colour: Floats
    coarse: Floats
    evidence: Floats
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
    deviation = np.maximum(
        MAD_TO_SIGMA * np.median(np.abs(sample - centre), axis=0), MIN_COLOUR_SPREAD
    )
    shade = (density - expected).astype(np.float32)
    spread_ratios = ((ratios - centre) / deviation).astype(np.float32)
    fine = grain(brightness, sigma_px=GRAIN_SIGMA * width_px)
    coarse = fine / max(float(np.median(fine[seeds])), MIN_GRAIN)
    melanin = (MELASMA_RATIOS / deviation).astype(np.float32)
    off = _follow_skin(
        np.dstack([shade, spread_ratios]), coarse, seeds, melanin, blur_px=FOLLOW_BLUR * width_px
    )
    evidence = np.maximum(FOR_SKIN - _against_skin(off, coarse, melanin), -AGAINST_SKIN)
    darker, colour = off[..., 0].copy(), np.hypot(off[..., 1], off[..., 2])
    return SkinMaps(darker, colour, coarse, evidence, shade, brightness)


def _follow_skin(
    values: Floats, coarse: Floats, seeds: Mask, melanin: Floats, *, blur_px: float
) -> Floats:
    """Return `values` (`shade` and both colour ratios) less those of the skin around each pixel.

    Skin around a pixel is the mean over its surroundings, weighted by how much they are like skin;
    the weights follow the means in a few rounds.  So the side of a chin or of a cheek, which turns
    from the light by degrees, stays skin.  Only what hangs together with sure skin has a weight:
    hair begins at an edge, and would else be compared with the hair around it, and found alike.
    """
    height, width = coarse.shape
    size = (max(1, width // FOLLOW_REDUCTION), max(1, height // FOLLOW_REDUCTION))
    blur = blur_px / FOLLOW_REDUCTION
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small_coarse = np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), np.float32)
    sure = cv2.resize(seeds.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    limit = np.array([FOLLOW_LIMIT, FOLLOW_COLOUR_LIMIT, FOLLOW_COLOUR_LIMIT], np.float32)
    around = np.zeros_like(small)
    for _ in range(FOLLOW_ROUNDS):
        weight = np.exp(-_against_skin(small - around, small_coarse, melanin))
        weight *= _hanging_on(weight >= FOLLOW_LIKENESS, sure)
        total = cv2.GaussianBlur(weight, (0, 0), blur) + FOLLOW_PRIOR
        mean = cv2.GaussianBlur(weight[..., None] * small, (0, 0), blur) / total[..., None]
        around = np.clip(mean, -limit, limit)
    return np.asarray(
        values - cv2.resize(around, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


def _hanging_on(mask: Mask, sure: Mask) -> Mask:
    """Return the connected parts of a mask that reach into sure skin."""
    count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    reaching = np.zeros(count, bool)
    reaching[parts[mask & sure]] = True
    return np.asarray(reaching[parts])


def _against_skin(off: Floats, coarse: Floats, melanin: Floats) -> Floats:
    """Return how much pixels speak against skin, 0 and more.

    Parameters
    ----------
    off : ndarray of float32, shape (height, width, 3)
        Optical density and colour ratios (in deviations) less those of skin around.
    coarse : ndarray of float32, shape (height, width)
    melanin : ndarray of float32, shape (2,)
        `MELASMA_RATIOS` in deviations.
    """
    darker, ratios = off[..., 0], off[..., 1:]
    # The colour nearest to the pixel's that skin takes on under no more melanin than it is darker.
    density = np.clip(ratios @ melanin / (melanin @ melanin), 0.0, np.maximum(darker, 0.0))
    unlike = np.linalg.norm(ratios - density[..., None] * melanin, axis=-1)
    lesion = np.clip(darker, 0.0, LESION_DENSITY) * np.exp(
        -(
            (np.maximum(unlike - 1.0, 0.0) / LESION_COLOUR) ** 2
            + (np.maximum(coarse - 1.5, 0.0) / LESION_GRAIN) ** 2
        )
        / 2.0
    )
    # Half a unit is lost at: 0.20 OD darker (a lesion: 0.32), 0.25 OD brighter (glare), 4
    # deviations of colour, 3 times the grain of skin.
    return np.asarray(
        (
            (np.maximum(darker - lesion - 0.10, 0.0) / 0.10) ** 2
            + (np.maximum(-darker - 0.15, 0.0) / 0.10) ** 2
            + (np.maximum(np.hypot(off[..., 1], off[..., 2]) - 2.5, 0.0) / 1.5) ** 2
            + np.maximum(coarse - 2.0, 0.0) ** 2
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


@dataclass(frozen=True, eq=False)
class SkinAnalysis:
    """The face at `ANALYSIS_WIDTH_PX`, and how unlike skin each of its pixels is.

    Parameters
    ----------
    maps : SkinMaps
    lowest : ndarray of uint8, shape (height, width)
        The darkest channel, 0 to 255.
    points_px : ndarray of float32, shape (468, 2)
        The mesh at this scale.
    width_px : float
        Width of the face at this scale.
    """

    maps: SkinMaps
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
    lowest, _ = grey_maps(small)
    return SkinAnalysis(maps, lowest, points, width_px)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
