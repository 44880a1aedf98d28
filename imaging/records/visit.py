"""Several photos of one visit taken together: a row of ``visits.csv``."""

from __future__ import annotations

from dataclasses import dataclass

from .columns import column


@dataclass(frozen=True)
class VisitRow:
    """The columns of ``visits.csv`` that every wing shares; the wing's own follow them."""

    subject: str = column("Who is seen.")
    visit: str = column("Name of the visit.")
    visit_date: str = column("Day of the visit.")
    site: str = column("Place on the body.")
    modality: str = column("Kind of light.")
    arm: str = column("Arm of the trial.")
    photos: int = column("Photos that were pooled.")
    photos_failed: int = column("Photos of this visit that have no score.")
    photo_ids: str = column("The pooled photos, separated by semicolons.")
    flags: str = column("Flags of any of the photos, separated by semicolons.")


@dataclass(frozen=True)
class HairVisit:
    """All fields of one site at one visit: sums of counts over sums of areas."""

    frame_area_cm2: float = column("Sum of the counting frames.", unit="cm²")
    hair_count: int = column("Sum of the counts.")
    hair_count_low: float = column("Sum of the lower 95 % limits: errors taken as shared.")
    hair_count_high: float = column("Sum of the upper 95 % limits: errors taken as shared.")
    hair_density_per_cm2: float = column("Σ counts / Σ areas.", unit="1/cm²")
    terminal_count: float = column("Sum over the fields.")
    vellus_count: float = column("Sum over the fields.")
    vellus_percent: float = column("100 · Σ vellus / Σ (vellus + terminal).", unit="%")
    terminal_vellus_ratio: float = column("Σ terminal / Σ vellus; NaN without vellus hair.")
    mean_diameter_um: float = column("Mean over the hairs of all fields.", unit="µm")
    cumulative_thickness_mm_per_cm2: float = column(
        "Σ diameters of all fields / Σ areas.", unit="mm/cm²"
    )
    hair_mass_index: float = column("100 · Σ cross-sections / Σ areas.", unit="mm²/cm² · 100")
    follicular_unit_count: float = column("Sum over the fields.")
    follicular_unit_density_per_cm2: float = column("Σ units / Σ areas.", unit="1/cm²")
    hairs_per_unit: float = column("Mean over the units of all fields.")
