"""What of a face is not measured.

Parts with a shape come from the mesh, everything else from the pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..settings import FaceSettings
from .geometry import EXCLUSION_CODES, FaceLandmarks
from .glasses import find_frames
from .mesh_points import (
    BROW,
    LIPS,
    MOUTH_CORNERS,
    NOSTRIL,
    ORBIT,
    Corner,
    chain_points,
    mirrored_chain,
)
from .outlines import fill_polygon, upward
from .skin import Floats, SkinAnalysis

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]

#: Margins around mesh parts as shares of the face's width: the mesh is off by about 0.01, and the
#: red of the lips fades out over as much.
LIP_MARGIN, NOSTRIL_MARGIN = 0.015, 0.012

#: The mesh's brow is wider than most brows: this much of its rim counts only where it is dark, and
#: so does what lies this near outside (shares of the face's width; optical density).
BROW_RIM, BROW_REACH, BROW_DARKER = 0.012, 0.03, 0.10

#: Brow hairs fade out over this much.
BROW_MARGIN = 0.006

#: Evidence against skin from which a pixel may be hair, and the least area of such a patch as a
#: share of the face's width squared: smaller ones are moles or pores.
HAIR_EVIDENCE, HAIR_AREA = -1.7, 0.0004

#: One of these marks hair (optical density, deviations of colour, multiples of skin's grain); skin
#: in the shade of the jaw is as dark as brown hair, but has none.
HAIR_DARKER, HAIR_COLOUR, HAIR_GRAIN = 0.42, 4.5, 2.8

#: Hair fades into skin over this share of the face's width.
HAIR_MARGIN = 0.005

#: Thin lines: width that is looked for and least contrast in optical density, least length and
#: least slenderness (length over width).
LINE_WIDTH, LINE_CONTRAST, LINE_LENGTH, LINE_SLENDERNESS = 0.012, 0.07, 0.07, 5.0

#: Blur of the shadow map: wider than a lesion's mottle, narrower than a cheek.
SHADOW_BLUR = 0.03

#: Beard: grain this many times that of the cheeks and this much darker (optical density).
BEARD_GRAIN, BEARD_DARKER = 2.2, 0.05

#: Least area of a beard as a share of the face's width squared: less is a mole or a fold.
BEARD_AREA = 0.02


def find_exclusions(
    pixels: Pixels,
    landmarks: FaceLandmarks,
    skin: SkinAnalysis,
    face: Mask,
    *,
    settings: FaceSettings,
    masked: Mask | None = None,
) -> NDArray[np.uint8]:
    """Return why each pixel of the face is left out: `EXCLUSION_CODES`, 0 where it is measured.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        The working image.
    landmarks : FaceLandmarks
        In its pixels.
    skin : SkinAnalysis
        How unlike skin the pixels are, at its own scale.
    face : ndarray of bool, shape (height, width)
        All regions before exclusion.
    settings : FaceSettings
    masked : ndarray of bool, shape (height, width), optional
        Burnt-in text and graphics.
    """
    shape = pixels.shape[:2]
    parts = _mesh_parts(shape, landmarks)
    parts["brow"] = _brow(parts["brow"], skin, landmarks)
    small_face = _resized(face, skin.maps.evidence.shape)
    small_parts = _resized(np.logical_or.reduce(list(parts.values())), skin.maps.evidence.shape)
    shadow = _shadow(skin, settings) & ~small_parts
    hair = _hair(skin, small_face, small_parts)
    beard = _beard(skin, small_face & ~small_parts)
    glare = _glare(skin, settings)
    width_px = landmarks.face_width_px
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # Grey levels are about a 2.2th power of light: this is optical density.
    density = np.asarray(2.2 * -np.log10(np.maximum(grey, 8.0) / 255.0), np.float32)
    hair_mask = _resized(hair, shape)
    strands = _strands(density, width_px, face, hair_mask)
    frames = _grown(find_frames(density, landmarks, parts["eye"] | parts["brow"]), 0.008 * width_px)
    found = {
        "shadow": _resized(shadow, shape),
        "glare": _resized(glare, shape),
        "beard": _resized(beard, shape),
        "hair": hair_mask | strands,
        **parts,
        "glasses": frames,
        "eye_cover": _grown(landmarks.eye_cover(shape), 0.01 * width_px),
    }
    if masked is not None:
        found["text"] = masked
    excluded = np.zeros(shape, np.uint8)
    for name, mask in found.items():  # Later ones win.
        excluded[mask & face] = EXCLUSION_CODES[name]
    return excluded


def _mesh_parts(shape: tuple[int, int], landmarks: FaceLandmarks) -> dict[str, Mask]:
    points, width_px = landmarks.points_px, landmarks.face_width_px

    def pair(chain: tuple[Corner, ...], margin: float) -> Mask:
        both = fill_polygon(shape, chain_points(points, chain))
        both |= fill_polygon(shape, chain_points(points, mirrored_chain(chain)))
        return _grown(both, margin * width_px)

    return {
        "nostril": pair(NOSTRIL, NOSTRIL_MARGIN),
        "lip": pair(LIPS, LIP_MARGIN),
        "eye": pair(ORBIT, 0.0),
        "brow": pair(BROW, 0.0),
    }


def _brow(brow: Mask, skin: SkinAnalysis, landmarks: FaceLandmarks) -> Mask:
    """Return the brows: the core of the mesh's brow, and dark pixels in and around it."""
    width_px = landmarks.face_width_px
    core = ~_grown(~brow, BROW_RIM * width_px)
    near = _grown(brow, BROW_REACH * width_px)
    hairs = near & _resized(skin.maps.darker >= BROW_DARKER, brow.shape)
    return core | _grown(hairs, BROW_MARGIN * width_px)


def _hair(skin: SkinAnalysis, face: Mask, parts: Mask) -> Mask:
    """Return what is unlike skin and hangs together with what surrounds the face.

    A lesion inside the face touches no hair, or is far less dark than it; what reaches in from
    outside and is as unlike skin is hair (or cloth, or a hand's shadow).
    """
    maps = skin.maps
    is_marked = (
        (maps.darker >= HAIR_DARKER) | (maps.colour >= HAIR_COLOUR) | (maps.coarse >= HAIR_GRAIN)
    )
    pixels = ((maps.evidence <= HAIR_EVIDENCE) & is_marked & ~parts).astype(np.uint8)
    unlike = cv2.morphologyEx(pixels, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(unlike, connectivity=8)
    outside = np.bincount(labels[~face], minlength=count)
    large = stats[:, cv2.CC_STAT_AREA] >= HAIR_AREA * skin.width_px**2
    is_hair = large & (outside > 0.1 * stats[:, cv2.CC_STAT_AREA])
    is_hair[0] = False
    return _grown(is_hair[labels], HAIR_MARGIN * skin.width_px)


def _shadow(skin: SkinAnalysis, settings: FaceSettings) -> Mask:
    smooth = cv2.GaussianBlur(skin.maps.shade, (0, 0), SHADOW_BLUR * skin.width_px)
    return np.asarray((smooth >= settings.shadow_density) & (skin.maps.shade >= 0.2))


def _glare(skin: SkinAnalysis, settings: FaceSettings) -> Mask:
    """Return shiny skin: much brighter than the light there explains, or burnt out."""
    burnt = skin.lowest >= settings.burnt_level
    shiny = cv2.GaussianBlur(skin.maps.darker, (0, 0), 1.0) <= -settings.glare_density
    return _grown(np.asarray(burnt | shiny), 0.006 * skin.width_px)


def _beard(skin: SkinAnalysis, face: Mask) -> Mask:
    """Return beard and moustache: the lower face where it is darker and as coarse as hair."""
    up = upward(skin.points_px)
    y, x = np.ogrid[: face.shape[0], : face.shape[1]]
    # Below the line through the wings of the nose.
    height = (x + 0.5) * up[0] + (y + 0.5) * up[1]
    base = float((skin.points_px[[129, 358]] @ up).min())
    blur = 0.02 * skin.width_px
    coarse = cv2.GaussianBlur(skin.maps.coarse, (0, 0), blur)
    darker = cv2.GaussianBlur(skin.maps.darker, (0, 0), blur)
    found = (height < base) & (coarse >= BEARD_GRAIN) & (darker >= BEARD_DARKER) & face
    mouth = float(np.linalg.norm(np.diff(skin.points_px[list(MOUTH_CORNERS)], axis=0)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_odd(0.4 * mouth), _odd(0.4 * mouth)))
    # A mole or a corner of the mouth is coarse, too, but not as wide.
    beard = np.asarray(cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)
    return beard & bool(beard.sum() >= BEARD_AREA * skin.width_px**2)


def _strands(density: Floats, width_px: float, face: Mask, hair: Mask) -> Mask:
    """Return thin dark strands that hang on hair or reach in from outside the face."""
    side = _odd(LINE_WIDTH * width_px)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    dark = density - cv2.morphologyEx(density, cv2.MORPH_OPEN, kernel)
    strands = _slender((dark >= LINE_CONTRAST) & face, width_px)
    count, labels = cv2.connectedComponents((strands | hair | ~face).astype(np.uint8))
    hanging = np.zeros(count, bool)
    hanging[np.unique(labels[hair | ~face])] = True
    return _grown(strands & hanging[labels], 0.004 * width_px)


def _slender(mask: Mask, width_px: float) -> Mask:
    """Return the long thin pieces of a mask."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    area = np.maximum(stats[:, cv2.CC_STAT_AREA], 1)
    is_line = (length >= LINE_LENGTH * width_px) & (length**2 / area >= LINE_SLENDERNESS)
    is_line[0] = False
    return np.asarray(is_line[labels])


def _resized(mask: Mask, shape: tuple[int, ...]) -> Mask:
    if mask.shape == tuple(shape[:2]):
        return mask
    levels = cv2.resize(mask.astype(np.uint8) * 255, (shape[1], shape[0]))
    return np.asarray(levels >= 128)


def _grown(mask: Mask, margin_px: float) -> Mask:
    reach = round(margin_px)
    if reach < 1 or not mask.any():
        return mask
    # The cost of a distance does not grow with the reach, that of a dilation does.
    far = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(far <= reach)


def _odd(size_px: float) -> int:
    return max(3, 2 * round((size_px - 1) / 2) + 1)
