"""The segmenters of the face wing: optical density and skin in, melasma and its density out.

Everything after it (`pigment`) is shared by all segmenters.  This is the one place of the wing
that touches `models`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..errors import ModelError, ModelMissingError, ModelTamperedError, SettingsError
from ..photo.colour import LUMINANCE
from .illumination import PARTING_WIDTH_PX, normal_density, part_light

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]

#: Classical: light and pigment parted by smoothness.  No torch, no weights.
CLASSICAL = "illumination"

#: Learned: a small network trained on synthetic faces alone.
LEARNED = "pigment-2"

#: Density at which the classical evidence is even odds, and the step of its curve: real lesions
#: start near 0.05, the shading that is left on clear faces stays mostly under 0.03.
EVEN_DENSITY = 0.045
DENSITY_STEP = 0.012

#: A crop is shown to the network this much larger than a face: the face's scale is coarse for the
#: borders of a lesion that fills the picture, and training crops are drawn at 1 to 2 times it.
CROP_ZOOM = 1.4

#: Rounds in which the classical evidence is compared with normal skin outside the last mask.
ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Segmented:
    """What a segmenter found, shape (h, w) each; 0 off the skin.

    Parameters
    ----------
    probability : ndarray of float32
        0 to 1: that the pixel is pigmented by melasma.
    added : ndarray of float32, or None
        Optical density (green) that it adds to normal skin; None of a segmenter that does not
        tell: then normal skin is modelled from what it leaves over.
    """

    probability: Floats
    added: Floats | None


def segment_pigment(
    density: Floats,
    skin: Mask,
    *,
    face_width_px: float,
    segmenter: str,
    coordinates: Matrix | None = None,
) -> Segmented:
    """Return where melasma lies and, if the segmenter can tell, how much density it adds.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of linear R, G, B.
    skin : ndarray of bool, shape (h, w)
        Readable skin, of all regions and of none.
    face_width_px : float
        From in front of one ear to the other.
    segmenter : str
        One of `segmenter_names`.
    coordinates : ndarray of float64, shape (2, 3), optional
        From pixels to face coordinates (`FaceLandmarks.coordinates`); None on a crop.

    Raises
    ------
    SettingsError
        There is no such segmenter.
    ModelError
        The weights are missing or have been tampered with.
    """
    if not skin.any():
        nothing = np.zeros(skin.shape, np.float32)
        return Segmented(nothing, nothing)
    return _choose(segmenter)(density, skin, face_width_px, coordinates)


def segmenter_names() -> tuple[str, ...]:
    """Return the names that ``face.segmenter`` may have."""
    return (CLASSICAL, LEARNED)


def weights_digest(segmenter: str) -> str:
    """Return the SHA-256 of the segmenter's weights; empty for the classical one."""
    if segmenter == CLASSICAL:
        return ""
    _choose(segmenter)
    digest: str = _learned_model().sha256
    return digest


def face_models_digest() -> str:
    """Return the digest of the landmark models that this version expects."""
    digest: str = importlib.import_module("models.registry").components_digest()
    return digest


def _choose(segmenter: str) -> Callable[[Floats, Mask, float, Matrix | None], Segmented]:
    known = {CLASSICAL: _segment_classical, LEARNED: _segment_learned}
    if segmenter not in known:
        raise SettingsError(
            f"There is no face segmenter {segmenter!r}.",
            remedy=f"Choose one of {', '.join(known)}.",
        )
    return known[segmenter]


def _segment_classical(
    density: Floats, skin: Mask, face_width_px: float, coordinates: Matrix | None
) -> Segmented:
    del coordinates  # light and borders are judged alike wherever they lie
    scale = min(1.0, PARTING_WIDTH_PX / face_width_px)
    small, cover = _reduce(density, skin, scale)
    inside = cover > 0.5
    if inside.sum() < 100:
        return Segmented(np.zeros(skin.shape, np.float32), None)
    # A median of 5 mm takes out freckles, moles and stray hairs before anything is compared.
    luminance = -np.log10(np.power(np.float32(10), -small) @ LUMINANCE).astype(np.float32)
    luminance = np.asarray(cv2.medianBlur(luminance, 5), np.float32)
    pigment = part_light(luminance, inside)
    width = face_width_px * scale
    for _ in range(ROUNDS):
        probability = expit((pigment - EVEN_DENSITY) / DENSITY_STEP)
        layers = np.repeat(luminance[..., None], 3, axis=2)
        normal = normal_density(
            layers, inside, probability.astype(np.float32), face_width_px=width
        ).density[..., 0]
        # What both see is pigment: the parted layer knows borders, the comparison knows levels.
        pigment = 0.5 * (pigment + luminance - normal)
    probability = expit((pigment - EVEN_DENSITY) / DENSITY_STEP)
    found = np.where(inside, probability, 0).astype(np.float32)
    return Segmented(np.clip(_enlarge(found, skin), 0, 1), None)


def _segment_learned(
    density: Floats, skin: Mask, face_width_px: float, coordinates: Matrix | None
) -> Segmented:
    model = _learned_model()
    predict = importlib.import_module("models.pigment_inference").predict
    scale = float(model.contract["face_width_px"]) / face_width_px
    if coordinates is None:
        scale *= CROP_ZOOM
    small, cover = _reduce(density, skin, scale)
    position = None if coordinates is None else _positions(coordinates, skin.shape, cover.shape)
    probability, added = predict(model.weights, small, cover > 0.5, position)
    return Segmented(
        np.clip(_enlarge(probability, skin), 0, 1), np.maximum(_enlarge(added, skin), 0)
    )


def _positions(coordinates: Matrix, shape: tuple[int, ...], small_shape: tuple[int, ...]) -> Floats:
    """Return the face coordinates of the middle of each larger pixel, shape (h, w, 2)."""
    rows, cols = np.mgrid[: small_shape[0], : small_shape[1]]
    x = (cols + 0.5) * shape[1] / small_shape[1]
    y = (rows + 0.5) * shape[0] / small_shape[0]
    return np.stack([x, y, np.ones_like(x)], axis=-1) @ coordinates.T.astype(np.float32)


def _reduce(density: Floats, skin: Mask, scale: float) -> tuple[Floats, Floats]:
    """Return the mean density of the skin of each larger pixel (0 where none), and its share."""
    size = (max(round(skin.shape[1] * scale), 16), max(round(skin.shape[0] * scale), 16))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    cover = cv2.resize(skin.astype(np.float32), size, interpolation=kind)
    sums = cv2.resize(np.where(skin[..., None], density, 0), size, interpolation=kind)
    mean = np.where(cover[..., None] > 0, sums / np.maximum(cover, 1e-3)[..., None], 0)
    return np.asarray(mean, np.float32), np.asarray(cover, np.float32)


def _enlarge(small: Floats, skin: Mask) -> Floats:
    large = cv2.resize(small, (skin.shape[1], skin.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.where(skin, large, 0).astype(np.float32)


@lru_cache(maxsize=1)
def _learned_model():  # type: ignore[no-untyped-def]
    try:
        registry = importlib.import_module("models.registry")
        return registry.read_model(LEARNED)
    except ImportError as err:
        raise ModelMissingError(f"The package models cannot be imported: {err}.") from err
    except registry.ModelFileMissingError as err:
        raise ModelMissingError(str(err)) from err
    except registry.ModelFileTamperedError as err:
        raise ModelTamperedError(str(err)) from err
    except registry.ModelFileError as err:
        raise ModelError(str(err)) from err
