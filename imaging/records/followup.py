"""The records of a follow-up: what is known of a pair, one follicle of it, and what has changed.

A pair is two photos of one field at two visits.  `PairPlan` travels in; `HairComparison` or
`FaceComparison` comes out, and its columns are those of ``followup.csv`` behind the columns of
`PairRow`, which name the pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .columns import column

VisitRole = Literal["preop", "postop", "baseline", "followup", ""]

MatchKind = Literal["hair", "unit", "graft"]
MatchState = Literal["kept", "not_seen", "new"]

_UNKNOWN = math.nan


@dataclass(frozen=True)
class PairPlan:
    """What the manifest says of one pair and what changes its numbers; NaN is "not known".

    Parameters
    ----------
    days : float
        From the baseline to the follow-up.
    modality : str
        Kind of light of both photos; empty when the manifest does not say.
    baseline_role, followup_role : {"preop", "postop", "baseline", "followup", ""}
    grafts_in_field, hairs_in_field : float
        Grafts and hairs placed inside the photographed field.
    hairs_resident, units_resident : float
        Hairs and follicular units that were there before the treatment.
    is_resident_estimated : bool
        They were taken from a pre-operative photo, by area.
    graft_map : tuple of (float, float)
        Places of the grafts in the baseline photo, ``(x_px, y_px)``; empty without a map.
    days_since_clip_baseline, days_since_clip_followup : float
    days_since_treatment_baseline, days_since_treatment_followup : float
        Negative before the treatment.
    """

    days: float = _UNKNOWN
    modality: str = ""
    baseline_role: VisitRole = ""
    followup_role: VisitRole = ""
    grafts_in_field: float = _UNKNOWN
    hairs_in_field: float = _UNKNOWN
    hairs_resident: float = _UNKNOWN
    units_resident: float = _UNKNOWN
    is_resident_estimated: bool = False
    graft_map: tuple[tuple[float, float], ...] = ()
    days_since_clip_baseline: float = _UNKNOWN
    days_since_clip_followup: float = _UNKNOWN
    days_since_treatment_baseline: float = _UNKNOWN
    days_since_treatment_followup: float = _UNKNOWN


@dataclass(frozen=True)
class PairRow:
    """The columns of ``followup.csv`` that every wing shares; the wing's own follow them."""

    subject: str = column("Who is seen.")
    site: str = column("Place on the body.")
    field: str = column("One of several photos of a site.")
    replicate: str = column("Repeat photo of the same field.")
    view: str = column("Direction of the camera, as the manifest names it.")
    modality: str = column("Kind of light.")
    arm: str = column("Arm of the trial.")
    visit_baseline: str = column("Name of the reference visit.")
    visit_followup: str = column("Name of the later visit.")
    days: float = column("From the baseline to the follow-up.", unit="d")
    baseline_id: str = column("photo_id of the baseline.")
    followup_id: str = column("photo_id of the follow-up.")


# --- Hair ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HairMatch:
    """One hair, follicular unit or graft of a pair's common field; a row of ``matches.csv``.

    What lies outside the common field of the two photos has no row: it was not seen because it was
    not photographed.  Lengths and diameters are those of a hair, NaN for units and grafts.
    """

    baseline_id: str = column("photo_id of the baseline.")
    followup_id: str = column("photo_id of the follow-up.")
    kind: str = column("hair, unit or graft.")
    baseline_hair_id: int = column(
        "Number of the hair, unit or graft in the baseline; 0 when no line was traced there."
    )
    followup_hair_id: int = column(
        "Number of the hair or unit in the follow-up; 0 when no line was traced there."
    )
    state: str = column("kept, not_seen or new.")
    phase: str = column("growing, not_growing, undetermined; empty when no time was given.")
    baseline_x_px: float = column("Root in the baseline photo, x; NaN for new.", unit="px")
    baseline_y_px: float = column("Root in the baseline photo, y; NaN for new.", unit="px")
    followup_x_px: float = column("Root in the follow-up photo, x; NaN for not seen.", unit="px")
    followup_y_px: float = column("Root in the follow-up photo, y; NaN for not seen.", unit="px")
    baseline_length_mm: float = column("Visible length at baseline.", unit="mm", default=_UNKNOWN)
    followup_length_mm: float = column("Visible length at follow-up.", unit="mm", default=_UNKNOWN)
    baseline_diameter_um: float = column("Diameter at baseline.", unit="µm", default=_UNKNOWN)
    followup_diameter_um: float = column("Diameter at follow-up.", unit="µm", default=_UNKNOWN)
    growth_um_per_day: float = column(
        "Change of length over the days between.", unit="µm/d", default=_UNKNOWN
    )
    baseline_hairs: int = column("Hairs of the unit or graft at baseline.", default=1)
    followup_hairs: int = column("Hairs of the unit or graft at follow-up.", default=1)


@dataclass(frozen=True, eq=False)
class HairComparison:
    """Two hair scores of one field compared; its columns are the hair part of ``followup.csv``.

    NaN means "cannot tell" and comes with a flag.  ``transform`` is the (3, 3) homography that
    takes ``(x_px, y_px, 1)`` of the baseline photo to the follow-up photo.  ``texts`` marks the
    burnt-in text of either photo, to be blacked out; None where the score did not tell it.
    """

    common_area_cm2: float = column("Counting field that both photos show.", unit="cm²")
    hairs_baseline: int = column(
        "Hairs of the baseline in the common field, kept or not seen; some were found only by "
        "looking where the follow-up has one."
    )
    hairs_followup: int = column(
        "Hairs of the follow-up in the common field, kept or new; some were found in that way too."
    )
    kept: int = column("Hairs of the baseline found again.")
    not_seen: int = column("Hairs of the baseline not found again; lost only when confirmed.")
    new: int = column("Hairs of the follow-up that the baseline does not show.")
    change_percent: float = column("100 · (new − not seen) / hairs at baseline.", unit="%")
    density_change_per_cm2: float = column("(new − not seen) / common area.", unit="1/cm²")
    grafts: float = column("Grafts inside the common field: the denominator of unit survival.")
    survival_units_percent: float = column("Share of grafts with a unit again.", unit="%")
    survival_units_low: float = column("Lower 95 % limit of it.", unit="%")
    survival_units_high: float = column("Upper 95 % limit of it.", unit="%")
    hairs_implanted: float = column("Implanted hairs: the denominator of hair survival.")
    survival_hairs_percent: float = column("Share of implanted hairs seen again.", unit="%")
    survival_hairs_low: float = column("Lower 95 % limit of it.", unit="%")
    survival_hairs_high: float = column("Upper 95 % limit of it.", unit="%")
    growth_um_per_day: float = column("Median growth of the growing hairs.", unit="µm/d")
    anagen_percent: float = column("100 · growing / (growing + not growing).", unit="%")
    telogen_percent: float = column("100 − anagen_percent.", unit="%")
    undetermined_percent: float = column("Share of matched hairs whose phase is open.", unit="%")
    alignment_error_um: float = column("Root mean square distance of matched roots.", unit="µm")
    overlap_percent: float = column("Share of the baseline's frame in common.", unit="%")
    diameter_change_um: float = column(
        "Mean change of diameter of the kept hairs.", unit="µm", default=_UNKNOWN
    )
    terminal_to_vellus: float = column(
        "Kept hairs that crossed the cut-off downwards.", default=_UNKNOWN
    )
    vellus_to_terminal: float = column(
        "Kept hairs that crossed the cut-off upwards.", default=_UNKNOWN
    )
    flags: tuple[str, ...] = ()
    matches: tuple[HairMatch, ...] = ()
    transform: NDArray[np.float64] | None = field(default=None, repr=False)
    texts: tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None] = field(
        default=(None, None), repr=False
    )

    @property
    def tables(self) -> dict[str, tuple[object, ...]]:
        """The record rows beside ``followup.csv``, by table name."""
        return {"matches": self.matches}


#: The record type of every table that a hair follow-up fills beside ``followup.csv``.
HAIR_PAIR_TABLES: dict[str, type] = {"matches": HairMatch}


@dataclass(frozen=True)
class LivingGrafts:
    """Grafts that live, of which a visit shows a part; further columns of ``followup.csv``.

    10 to 15 % of living follicles are empty at any visit, so survival at one visit is too low. Two
    visits from month 6 on tell how many are: NaN where there is no second one, and before.
    """

    living_units_percent: float = column(
        "Share of grafts that live, those empty at this visit added: estimated from this and the "
        "nearest other visit from month 6 on.",
        unit="%",
        default=_UNKNOWN,
    )
    living_units_low: float = column("Lower 95 % limit of it.", unit="%", default=_UNKNOWN)
    living_units_high: float = column("Upper 95 % limit of it.", unit="%", default=_UNKNOWN)


@dataclass(frozen=True)
class AttritionRow:
    """What became of the follicles by one visit, pooled over the subjects of one arm.

    A row of ``attrition.csv``.  Follicles are grafts where the comparison knows grafts, else
    follicular units of the baseline, else its hairs.  One that is absent at a single visit is
    ``not_seen``; absent at two late visits and never seen again it is ``lost``; seen again later it
    was ``resting``.
    Percentages are means over subjects with a t interval: one value per subject, all fields summed.
    Limits are cut off at 0 and 100 %; those of survival, which resident hair may lift over 100 %,
    at 0 only.
    """

    arm: str = column("Arm of the trial; (all) for all arms together.")
    visit: str = column("Name of the visit.")
    days: float = column("Median time from the baseline.", unit="d")
    subjects: int = column("Subjects with a comparison at this visit.")
    kind: str = column("What was followed: graft, unit or hair.")
    followed: int = column("Follicles inside the common field at this visit.")
    present: int = column("Seen at this visit.")
    resting: int = column("Not seen at this visit but seen at a later one.")
    not_seen: int = column("Not seen here; no later visit confirms or refutes it.")
    lost: int = column("Not seen here nor at another late visit: confirmed.")
    not_seen_percent: float = column("Mean share that is not seen or lost.", unit="%")
    present_percent: float = column("Mean share that is present or resting.", unit="%")
    present_low: float = column(
        "Lower 95 % limit of it, 0 at least; NaN for one subject.", unit="%"
    )
    present_high: float = column(
        "Upper 95 % limit of it, 100 at most; NaN for one subject.", unit="%"
    )
    living_percent: float = column(
        "Mean share that lives, empty follicles added: estimated from two late visits.", unit="%"
    )
    living_low: float = column("Lower 95 % limit of it, 0 at least; NaN for one subject.", unit="%")
    living_high: float = column(
        "Upper 95 % limit of it, 100 at most; NaN for one subject.", unit="%"
    )
    survival_units_percent: float = column("Mean of survival_units_percent.", unit="%")
    survival_units_low: float = column(
        "Lower 95 % limit of it, 0 at least; NaN for one subject.", unit="%"
    )
    survival_units_high: float = column("Upper 95 % limit of it; NaN for one subject.", unit="%")
    survival_hairs_percent: float = column("Mean of survival_hairs_percent.", unit="%")
    survival_hairs_low: float = column(
        "Lower 95 % limit of it, 0 at least; NaN for one subject.", unit="%"
    )
    survival_hairs_high: float = column("Upper 95 % limit of it; NaN for one subject.", unit="%")
    flags: str = column("Flags, separated by semicolons.")


# --- Face ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegionChange:
    """What has changed in one region of a face; a row of ``region_changes.csv``.

    ``_low`` and ``_high`` span the change at stricter and at looser thresholds, moved together in
    both photos; those of ``delta_l`` the change with the border of pigment moved by 1 mm.
    """

    baseline_id: str = column("photo_id of the baseline.")
    followup_id: str = column("photo_id of the follow-up.")
    region: str = column("forehead, right_malar, left_malar, chin, patch, or a profile's own part.")
    common_percent: float = column(
        "Share of the region's readable skin at baseline that the follow-up shows too.", unit="%"
    )
    pigmented_percent_baseline: float = column("Pigmented share at baseline.", unit="%")
    pigmented_percent_followup: float = column("Pigmented share at follow-up.", unit="%")
    pigmented_percent_change: float = column("Follow-up − baseline.", unit="%")
    pigmented_percent_low: float = column("Lowest change over the thresholds.", unit="%")
    pigmented_percent_high: float = column("Highest change over the thresholds.", unit="%")
    area_score_baseline: float = column("A at baseline, 0 to 6.")
    area_score_followup: float = column("A at follow-up.")
    area_score_change: float = column("Follow-up − baseline.")
    delta_l_baseline: float = column("Lightness of normal − of pigmented skin at baseline.")
    delta_l_followup: float = column("The same at follow-up.")
    delta_l_change: float = column("Follow-up − baseline; negative is lighter.")
    delta_l_low: float = column("Lowest change over the border.")
    delta_l_high: float = column("Highest change over the border.")
    darkness_baseline: float = column("D at baseline, 0 to 4.")
    darkness_followup: float = column("D at follow-up.")
    darkness_change: float = column("Follow-up − baseline.")
    homogeneity_baseline: float = column("H at baseline, 0 to 4.")
    homogeneity_followup: float = column("H at follow-up.")
    homogeneity_change: float = column("Follow-up − baseline.")
    lightened_percent: float = column("Share of the common skin that became lighter.", unit="%")
    darkened_percent: float = column("Share of the common skin that became darker.", unit="%")
    unchanged_percent: float = column(
        "Share of the common skin that is pigmented at either visit and did not change.", unit="%"
    )


@dataclass(frozen=True, eq=False)
class ChangeMaps:
    """What the picture of a face follow-up is drawn from, in the baseline's working image.

    Parameters
    ----------
    lightened, unchanged, darkened : ndarray of bool, shape (h, w)
        Pigmented skin at either visit, parted by what became of it.
    common : ndarray of bool, shape (h, w)
        Skin of the scored regions that both photos show.
    before, warped : ndarray of uint8, shape (h, w, 3)
        The baseline, and the follow-up laid over it, its tone matched; burnt-in text is black.
    hidden : ndarray of bool, shape (h, w)
        What ``--anonymise`` covers: the eyes.
    """

    lightened: NDArray[np.bool_]
    unchanged: NDArray[np.bool_]
    darkened: NDArray[np.bool_]
    common: NDArray[np.bool_]
    before: NDArray[np.uint8]
    warped: NDArray[np.uint8]
    hidden: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FaceComparison:
    """Two face scores compared; its columns are the face part of ``followup.csv``.

    Both visits are measured on the skin that both photos show, so ``_baseline`` may differ a little
    from ``results.csv``.  ``_low`` and ``_high`` are the range of the change when the thresholds
    move together in both photos, not a confidence interval.  Without ``maps`` the picture shows
    both photos themselves, with ``covered`` of each blacked out.
    """

    masi_baseline: float = column("MASI at baseline.")
    masi_followup: float = column("MASI at follow-up.")
    masi_change: float = column("Follow-up − baseline.")
    masi_low: float = column("Lowest change over the thresholds.")
    masi_high: float = column("Highest change over the thresholds.")
    mmasi_baseline: float = column("mMASI at baseline.")
    mmasi_followup: float = column("mMASI at follow-up.")
    mmasi_change: float = column("Follow-up − baseline.")
    mmasi_low: float = column("Lowest change over the thresholds.")
    mmasi_high: float = column("Highest change over the thresholds.")
    masi_continuous_baseline: float = column("Continuous companion at baseline: not MASI.")
    masi_continuous_followup: float = column("The same at follow-up.")
    masi_continuous_change: float = column("Follow-up − baseline.")
    hemi_masi_right_baseline: float = column("MASI of the patient's right half at baseline.")
    hemi_masi_right_followup: float = column("The same at follow-up.")
    hemi_masi_right_change: float = column("Follow-up − baseline.")
    hemi_masi_left_baseline: float = column("MASI of the patient's left half at baseline.")
    hemi_masi_left_followup: float = column("The same at follow-up.")
    hemi_masi_left_change: float = column("Follow-up − baseline.")
    pigmented_percent_baseline: float = column("Pigmented share at baseline.", unit="%")
    pigmented_percent_followup: float = column("Pigmented share at follow-up.", unit="%")
    pigmented_percent_change: float = column("Follow-up − baseline.", unit="%")
    pigmented_percent_low: float = column("Lowest change over the thresholds.", unit="%")
    pigmented_percent_high: float = column("Highest change over the thresholds.", unit="%")
    mmasi_change_percent: float = column("100 · change / mMASI at baseline.", unit="%")
    lightened_percent: float = column("Share of the common skin that became lighter.", unit="%")
    darkened_percent: float = column("Share of the common skin that became darker.", unit="%")
    overlap_percent: float = column("Baseline's scored skin that both show.", unit="%")
    alignment_error_percent: float = column(
        "Residual of the landmarks after the warp, of the face's width.", unit="%"
    )
    tone_shift: float = column("CIELAB distance that the tone matching took out.")
    flags: tuple[str, ...] = ()
    regions: tuple[RegionChange, ...] = ()
    maps: ChangeMaps | None = field(default=None, repr=False)
    anonymise: bool = False
    covered: tuple[NDArray[np.bool_], ...] = field(default=(), repr=False)

    @property
    def tables(self) -> dict[str, tuple[object, ...]]:
        """The record rows beside ``followup.csv``, by table name."""
        return {"region_changes": self.regions}


#: The record type of every table that a face follow-up fills beside ``followup.csv``.
FACE_PAIR_TABLES: dict[str, type] = {"region_changes": RegionChange}


@dataclass(frozen=True)
class DetectableChange:
    """The last columns of a face ``followup.csv``: is the change beyond the noise of repeats?

    The minimal detectable change is 1.96 · √2 · SEM, the SEM from photos taken again in the same
    session (the manifest's ``replicate``); NaN with fewer than six beyond the first of their
    session, and where all of every session are equal: their scatter is not known then.
    """

    masi_mdc: float = column("Minimal detectable change of MASI; NaN with too few replicates.")
    masi_exceeds_mdc: str = column("yes or no; empty with too few replicates.")
    mmasi_mdc: float = column("Minimal detectable change of mMASI; NaN with too few replicates.")
    mmasi_exceeds_mdc: str = column("yes or no; empty with too few replicates.")
    pigmented_percent_mdc: float = column(
        "Minimal detectable change of the share; NaN with too few replicates.", unit="%"
    )
    pigmented_percent_exceeds_mdc: str = column("yes or no; empty with too few replicates.")
