"""Settings of the hair wing."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class HairSettings:
    """Field, evidence, tracing and measuring of hairs."""

    segmenter: str = setting(
        "ridges",
        reason="What turns pixels into evidence; the benchmark says which is better.",
        stage="evidence",
    )
    field: str = setting(
        "auto",
        choices=("auto", "circle", "full"),
        reason="What is counted: the readable field, the inside of a burnt-in circle, or all.",
        stage="evidence",
    )
    guard_margin_mm: float = setting(
        0.2,
        unit="mm",
        low=0.0,
        high=2.0,
        reason="The field's edge cuts hairs and units; the frame keeps this distance from it.",
        stage="measuring",
    )
    terminal_cutoff_um: float = setting(
        40.0,
        unit="µm",
        low=15.0,
        high=100.0,
        reason="Terminal when the diameter is at least this; TrichoScan uses 40, others 30.",
        source="10.1111/j.1468-3083.2006.01568.x",
        stage="measuring",
    )
    unit_link_mm: float = setting(
        0.30,
        unit="mm",
        low=0.05,
        high=1.0,
        reason=(
            "Roots closer than this may share a follicular unit. On labelled frames 0.25 / 0.30 / "
            "0.35 mm wrongly merge 2.7 / 7.9 / 12 % of singles and leave 6.3 / 2.1 / 1.7 % alone."
        ),
        stage="measuring",
    )
    max_hairs_per_unit: int = setting(
        5,
        low=1,
        high=20,
        reason="More than five hairs share an ostium in 0.2 % of units; above it the unit is cut.",
        source="10.20517/2347-9264.2017.52",
        stage="measuring",
    )
