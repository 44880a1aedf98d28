"""The hair wing's records: one hair, one follicular unit, one cut-off, one photo's score."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .columns import column
from .photo import Panel, Scale


@dataclass(frozen=True)
class Hair:
    """One traced hair; a row of ``hairs.csv``."""

    hair_id: int = column("Number of the hair in this photo, from 1.")
    unit_id: int = column("Follicular unit it belongs to; 0 when it has no visible root.")
    root_x_px: float = column("Where the shaft leaves the skin, x to the right.", unit="px")
    root_y_px: float = column("Where the shaft leaves the skin, y downwards.", unit="px")
    tip_x_px: float = column("Free or cut end, x.", unit="px")
    tip_y_px: float = column("Free or cut end, y.", unit="px")
    path_px: tuple[tuple[float, float], ...] = column(
        "Centre line from root to tip as JSON list of [x, y].", unit="px"
    )
    length_mm: float = column("Length of the visible shaft along its centre line.", unit="mm")
    diameter_um: float = column("Blur-corrected diameter, median of clean sections.", unit="µm")
    kind: str = column("terminal, vellus, or empty when the diameter is unknown.")
    counted: bool = column("Whether its root is visible and lies inside the counting frame.")
    confidence: float = column("Probability that this is a hair with its root here, 0 to 1.")
    origin: str = column("auto, or added by a person.", default="auto")
    status: str = column("kept, or deleted by a person.", default="kept")
    has_root: bool = column(
        "Whether its root is seen: that end lies inside the readable field.", default=True
    )


@dataclass(frozen=True)
class Unit:
    """One follicular unit: roots that leave the skin together; a row of ``units.csv``."""

    unit_id: int = column("Number of the unit in this photo, from 1.")
    x_px: float = column("Mean of its roots, x.", unit="px")
    y_px: float = column("Mean of its roots, y.", unit="px")
    hairs: int = column("Hairs in the unit.")
    counted: bool = column("Whether the mean of its roots lies inside the counting frame.")


@dataclass(frozen=True)
class CutoffSplit:
    """Terminal and vellus hairs at one cut-off; a row of ``cutoffs.csv``."""

    cutoff_um: float = column("Terminal when the diameter is at least this.", unit="µm")
    terminal_count: int = column("Counted hairs at least this thick.")
    vellus_count: int = column("Counted hairs thinner than this.")
    vellus_percent: float = column("Share of thinner hairs.", unit="%")


@dataclass(frozen=True, eq=False)
class HairScore:
    """Everything measured on one trichoscopy photo; its columns are a row of ``results.csv``.

    NaN means "cannot tell" and comes with a flag.  ``readable`` and ``frame`` are masks of the
    upright photo, shape (height, width); ``text`` marks burnt-in text to be blacked out.
    """

    px_per_mm: float = column("Scale of the upright photo.", unit="px/mm")
    scale_source: str = column("Where the scale came from.")
    scale_relative_error: float = column("Standard error of the scale as a share of it.")
    frame_area_cm2: float = column("Area of the counting frame.", unit="cm²")
    hair_count: int = column("Hairs whose root lies inside the counting frame.")
    hair_count_low: float = column("Lower 95 % limit of the count: detection error.")
    hair_count_high: float = column("Upper 95 % limit of the count: detection error.")
    hair_density_per_cm2: float = column("Count over the frame's area.", unit="1/cm²")
    hair_density_low: float = column("Lower 95 % limit: detection and scale.", unit="1/cm²")
    hair_density_high: float = column("Upper 95 % limit: detection and scale.", unit="1/cm²")
    site_density_low: float = column(
        "Lower 95 % limit for the site: detection, scale and sampling of one field.", unit="1/cm²"
    )
    site_density_high: float = column(
        "Upper 95 % limit for the site: detection, scale and sampling of one field.", unit="1/cm²"
    )
    terminal_count: float = column("Counted hairs with diameter >= terminal_cutoff_um.")
    vellus_count: float = column("Counted hairs thinner than terminal_cutoff_um.")
    vellus_percent: float = column("100 · vellus / (vellus + terminal).", unit="%")
    terminal_vellus_ratio: float = column("Terminal / vellus; NaN when there is no vellus hair.")
    mean_diameter_um: float = column("Mean over counted hairs, one value per hair.", unit="µm")
    median_diameter_um: float = column("Median over counted hairs.", unit="µm")
    sd_diameter_um: float = column("Standard deviation over counted hairs.", unit="µm")
    cumulative_thickness_mm_per_cm2: float = column(
        "Cumulative hair thickness: counted hairs · mean known diameter / area.", unit="mm/cm²"
    )
    hair_mass_index: float = column(
        "100 · counted hairs · mean of the known π d² / 4 / area.", unit="mm²/cm² · 100"
    )
    follicular_unit_count: float = column("Units whose mean root lies inside the counting frame.")
    follicular_unit_density_per_cm2: float = column("Units over the frame's area.", unit="1/cm²")
    hairs_per_unit: float = column("Mean number of hairs of the counted units.")
    single_unit_percent: float = column("Share of counted units with one hair.", unit="%")
    mean_unit_spacing_mm: float = column("Mean nearest-neighbour distance of units.", unit="mm")
    mean_length_mm: float = column("Mean visible length of counted hairs.", unit="mm")
    calibrated_diameter: bool = column(
        "Whether diameters were fitted to caliper readings of this site.", default=False
    )
    flags: tuple[str, ...] = ()
    segmenter: str = ""
    scale: Scale = field(default_factory=Scale)
    hairs: tuple[Hair, ...] = ()
    units: tuple[Unit, ...] = ()
    cutoffs: tuple[CutoffSplit, ...] = ()
    readable: NDArray[np.bool_] | None = None
    frame: NDArray[np.bool_] | None = None
    text: NDArray[np.bool_] | None = None
    panels: tuple[Panel, ...] = ()

    @property
    def tables(self) -> dict[str, tuple[object, ...]]:
        """The record rows beside ``results.csv``, by table name."""
        return {"hairs": self.hairs, "units": self.units, "cutoffs": self.cutoffs}


#: The record type of every table that the hair wing fills beside ``results.csv``.
HAIR_TABLES: dict[str, type] = {"hairs": Hair, "units": Unit, "cutoffs": CutoffSplit}
