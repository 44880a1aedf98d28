"""The face wing's records: one region's measures and one photo's score."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .columns import column


@dataclass(frozen=True)
class RegionScore:
    """One scored region of a face, or the one region of patch mode; a row of ``regions.csv``.

    NaN means "cannot tell": a region that is less than half readable has NaN throughout, and so
    has every region of a photo without colour.
    """

    region: str = column("forehead, right_malar, left_malar, chin, patch, or a profile's own part.")
    readable_percent: float = column(
        "Readable share of the region's skin; brows, eyes, lips and nostrils are no part of it.",
        unit="%",
    )
    pigmented_percent: float = column("Pigmented share of the readable skin.", unit="%")
    pigmented_percent_low: float = column("The same at stricter thresholds.", unit="%")
    pigmented_percent_high: float = column("The same at looser thresholds.", unit="%")
    area_score: float = column("A, 0 to 6.")
    delta_l: float = column("Lightness of normal skin − of pigmented skin, positive is darker.")
    darkness: float = column("D, 0 to 4; see calibrated_scores.")
    largest_patch_mm: float = column("Equivalent diameter of the largest patch.", unit="mm")
    homogeneity: float = column("H, 0 to 4; see calibrated_scores.")
    weighted_score: float = column("w · A · (D + H); NaN for a region that MASI does not weigh.")
    mean_ita_deg: float = column("Individual typology angle of the readable skin.", unit="°")
    evenness: float = column("100 − spread of lightness after the light is taken out; 100 is even.")
    brown_spot_count: float = column("Freckles, lentigines and moles: small sharp dark spots.")
    brown_spot_percent: float = column("Their share of the readable skin.", unit="%")
    red_percent: float = column("Share of the readable skin that is redder than its own.", unit="%")
    mean_redness: float = column("Mean rise of the erythema index over the red areas.")
    brown_spot_delta_l: float = column("Mean darkness of the brown spots.", default=float("nan"))
    red_area_count: float = column("Number of connected red areas.", default=float("nan"))
    skin_area_px: float = column(
        "Readable skin of the region.", unit="px of the photo", default=float("nan")
    )


@dataclass(frozen=True, eq=False)
class FaceMaps:
    """Masks and maps of the working image that the pictures are drawn from, shape (h, w).

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        The photo itself at this size: to reduce it again for a picture costs half its decode.
    labels : ndarray of int32
        Scored regions (`imaging.face.geometry.REGION_LABELS`); patch mode has label 1.
    outline : ndarray of int32
        The same before exclusions.
    pigment : ndarray of bool
        Pigmented skin: what ``pigmented_percent`` counts.
    spots, red, reference : ndarray of bool
        Brown spots, red areas, and the skin that was taken as normal.
    excluded : ndarray of bool
        Left out of the outline.
    hidden : ndarray of bool
        What ``--anonymise`` covers: the eyes.
    contrast, redness : ndarray of float16
        Darker (ΔL*) and redder (Δ erythema index) than the person's own normal skin; NaN off skin.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    outline: NDArray[np.int32]
    pigment: NDArray[np.bool_]
    spots: NDArray[np.bool_]
    red: NDArray[np.bool_]
    reference: NDArray[np.bool_]
    excluded: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    contrast: NDArray[np.float16]
    redness: NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class FaceScore:
    """Everything measured on one facial photo; its columns are a row of ``results.csv``.

    NaN means "cannot tell" and comes with a flag.  ``masi_low`` … ``mmasi_high`` are a
    threshold-sensitivity range, not a confidence interval.  ``frame`` places the maps in the photo
    (`imaging.face.geometry.WorkingFrame`); ``anonymise`` covers the eyes in pictures.
    """

    view: str = column("front, left45, right45, patch, or combined.")
    masi: float = column("Melasma area and severity index, Σ w·A·(D + H), 0 to 48.")
    masi_low: float = column("MASI at stricter thresholds.")
    masi_high: float = column("MASI at looser thresholds.")
    mmasi: float = column("Modified MASI, Σ w·A·D, 0 to 24.")
    mmasi_low: float = column("mMASI at stricter thresholds.")
    mmasi_high: float = column("mMASI at looser thresholds.")
    hemi_masi_right: float = column("MASI of the patient's right half, 0 to 24.")
    hemi_masi_left: float = column("MASI of the patient's left half, 0 to 24.")
    msi: float = column("Melasma severity index: NaN until its scales are verified.")
    masi_continuous: float = column("MASI with A interpolated between bin middles: not MASI.")
    skin_area_px: float = column("Readable skin of the scored regions.", unit="px of the photo")
    pigmented_percent: float = column("Pigmented share of the scored regions' skin.", unit="%")
    mean_ita_deg: float = column("Individual typology angle of the scored skin.", unit="°")
    melanin_index: float = column("Mean of 100·log10(1/R), R linear, over the scored skin.")
    erythema_index: float = column(
        "Mean of 100·(log10(1/G) − log10(1/R)), linear, over the scored skin."
    )
    calibrated_colour: bool = column("Whether a colour chart in the photo was used and verified.")
    calibrated_scores: bool = column(
        "Whether D and H cut-points were fitted to this site's readers."
    )
    flags: tuple[str, ...] = ()
    segmenter: str = ""
    regions: tuple[RegionScore, ...] = ()
    maps: FaceMaps | None = field(default=None, repr=False)
    frame: object = None
    anonymise: bool = False
    text: NDArray[np.bool_] | None = field(default=None, repr=False)

    @property
    def tables(self) -> dict[str, tuple[object, ...]]:
        """The record rows beside ``results.csv``, by table name."""
        return {"regions": self.regions}


#: The record type of every table that the face wing fills beside ``results.csv``.
FACE_TABLES: dict[str, type] = {"regions": RegionScore}
