"""Two visits of one painted face with exact truth: pigment faded or spread, light and pose changed.

The lesions of both visits come from one random pattern, so that they lie where they lay; a share of
1 and an unchanged density make a pair without any change but light and pose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import linear_light, srgb_pixels
from .face import MelasmaScene, MelasmaSpec, paint_melasma

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class FaceChange:
    """What happens between two visits.

    Parameters
    ----------
    density_factor : float
        Peak density at follow-up over that at baseline.
    percent_factor : float
        Pigmented share at follow-up over that at baseline.
    light_density : (float, float)
        Optical density by which the light falls across and down the photo from edge to edge.
    exposure_density : float
        Optical density of the whole photo; positive is darker.
    cast_density : (float, float, float)
        Optical density in R, G, B: another white balance.
    turn_deg, zoom : float
        Of the photo about its middle.
    shift_share : (float, float)
        Of the photo's width, across and down.
    """

    density_factor: float = 1.0
    percent_factor: float = 1.0
    light_density: tuple[float, float] = (0.0, 0.0)
    exposure_density: float = 0.0
    cast_density: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn_deg: float = 0.0
    zoom: float = 1.0
    shift_share: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, eq=False)
class FacePair:
    """Two visits.

    Parameters
    ----------
    baseline, followup : MelasmaScene
        Truth of each visit, in the place and light of the face that was painted on.
    followup_pixels : ndarray of uint8, shape (h, w, 3)
        The follow-up photo: in its own light and pose.
    """

    baseline: MelasmaScene
    followup: MelasmaScene
    followup_pixels: Pixels


def make_face_pair(
    pixels: Pixels,
    labels: NDArray[np.int32],
    spec: MelasmaSpec,
    change: FaceChange,
    *,
    face_width_px: float,
    rng: np.random.Generator,
) -> FacePair:
    """Paint two visits of one face.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    labels : ndarray of int32, shape (h, w)
        Regions 1 to 4, other face skin 5, 0 elsewhere.
    spec : MelasmaSpec
        Of the baseline.
    change : FaceChange
    face_width_px : float
    rng : numpy.random.Generator
    """
    seed = int(rng.integers(2**32))

    def paint(visit: MelasmaSpec) -> MelasmaScene:
        own = np.random.default_rng(seed)
        return paint_melasma(pixels, labels, visit, face_width_px=face_width_px, rng=own)

    percents: Mapping[str, float] = {
        name: min(share * change.percent_factor, 100.0) for name, share in spec.percents.items()
    }
    later = replace(spec, percents=percents, density=spec.density * change.density_factor)
    baseline, followup = paint(spec), paint(later)
    return FacePair(baseline, followup, photograph_again(followup.pixels, change))


def photograph_again(pixels: Pixels, change: FaceChange) -> Pixels:
    """Return a photo in another light and pose."""
    height, width = pixels.shape[:2]
    x = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    y = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.5
    light = change.light_density[0] * x[None, :] + change.light_density[1] * y[:, None]
    density = (light + change.exposure_density)[..., None] + np.array(change.cast_density)
    lit = srgb_pixels(linear_light(pixels) * np.power(10.0, -density).astype(np.float32))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), change.turn_deg, change.zoom)
    matrix[:, 2] += np.array(change.shift_share) * width
    return np.asarray(
        cv2.warpAffine(
            lit, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def draw_change(rng: np.random.Generator, *, is_unchanged: bool) -> FaceChange:
    """Draw light and pose as they differ between visits of a careful clinic, and a course.

    Parameters
    ----------
    rng : numpy.random.Generator
    is_unchanged : bool
        Whether the pigment stays as it was.
    """
    across, down, exposure = (float(v) for v in rng.uniform(-1, 1, 3))
    red, green, blue = (float(v) for v in rng.uniform(-0.03, 0.03, 3))
    right, below = (float(v) for v in rng.uniform(-0.05, 0.05, 2))
    return FaceChange(
        density_factor=1.0 if is_unchanged else float(rng.uniform(0.2, 1.3)),
        percent_factor=1.0 if is_unchanged else float(rng.uniform(0.3, 1.2)),
        light_density=(0.24 * across, 0.24 * down),
        exposure_density=0.08 * exposure,
        cast_density=(red, green, blue),
        turn_deg=float(rng.uniform(-8, 8)),
        zoom=float(rng.uniform(0.9, 1.1)),
        shift_share=(right, below),
    )
