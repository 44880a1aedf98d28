"""Settings of the hair wing."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting
from .hair_tracing import HairTracing


@dataclass(frozen=True)
class HairSettings(HairTracing):
    """Field, evidence, tracing and measuring of hairs."""

    guard_margin_mm: float = setting(
        0.2,
        unit="mm",
        low=0.0,
        high=2.0,
        reason="The field's edge cuts hairs and units; the frame keeps this distance from it.",
        stage="measuring",
    )
    most_field_cm2: float = setting(
        12.0,
        unit="cm²",
        low=0.1,
        high=200.0,
        reason=(
            "A larger field is a scale told wrong: trichoscopes show 0.3 to 3 cm². Tracing takes "
            "about 0.25 GB of memory per cm²."
        ),
        stage="evidence",
    )
    usual_blur_px: float = setting(
        1.0,
        unit="px",
        low=0.0,
        high=10.0,
        reason="Blur (standard deviation) assumed where too few clear edges show the photo's own.",
        stage="measuring",
    )
    min_confidence: float = setting(
        0.65,
        low=0.0,
        high=1.0,
        reason="A traced line that is less likely a rooted hair than this is dropped.",
        stage="measuring",
    )
    least_clarity: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        reason=(
            "Mean quality of a traced line and those around it: the lowest of hair is 0.58 (long, "
            "crossing) to 0.8, the grain of a mole has 0.45."
        ),
        stage="measuring",
    )
    overcount_relative_error: float = setting(
        0.07,
        low=0.0,
        high=1.0,
        reason="Standard error of a count by split hairs and debris, from scenes of known truth.",
        stage="measuring",
    )
    undercount_relative_error: float = setting(
        0.02,
        low=0.0,
        high=1.0,
        reason=(
            "Standard error, as a share of the count, of how many hairs are expected unseen: with "
            "it true counts of 96 % of 405 generated scenes (21 kinds) lie inside the interval."
        ),
        stage="measuring",
    )
    hidden_roots_relative_error: float = setting(
        0.15,
        low=0.0,
        high=1.0,
        reason=(
            "Standard error of a count, besides, where long or dense hair hides roots (flags "
            "too_dense, long_hair): of nine random scenes flagged so counts err by half at most."
        ),
        stage="measuring",
    )
    diameter_slope: float = setting(
        1.0,
        low=0.2,
        high=5.0,
        reason="Diameters are multiplied by this; fitted to a caliper by calibrate hair.",
        stage="measuring",
    )
    diameter_offset_um: float = setting(
        0.0,
        unit="µm",
        low=-100.0,
        high=100.0,
        reason="Added to the diameters after that; fitted with the slope.",
        stage="measuring",
    )
    calibration_data: str = setting(
        "",
        reason="The caliper readings that slope and offset were fitted to; empty for none.",
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
    least_cutoff_px: float = setting(
        3.0,
        unit="px",
        low=1.0,
        high=20.0,
        reason="Below this many pixels a 1 px edge error moves the class: no split is given.",
        stage="measuring",
    )
    safe_cutoff_px: float = setting(
        5.0,
        unit="px",
        low=1.0,
        high=40.0,
        not_below="least_cutoff_px",
        reason="Below this many pixels of cut-off the split is flagged.",
        stage="measuring",
    )
    few_hairs: int = setting(
        20,
        low=1,
        high=1000,
        reason="With fewer hairs the shares and means are flagged: one hair is 5 % and more.",
        stage="measuring",
    )
    wide_interval_share: float = setting(
        0.30,
        low=0.01,
        high=2.0,
        reason="A count whose 95 % limits lie further off than this share of it is flagged.",
        stage="measuring",
    )
    cover_density: float = setting(
        0.30,
        low=0.05,
        high=1.5,
        reason="Optical density from which a pixel counts as covered by hair.",
        stage="evidence",
    )
    most_cover_share: float = setting(
        0.15,
        low=0.05,
        high=1.0,
        reason=(
            "Clipped hair covers up to 0.10 of the skin; above this, it hides roots, and white "
            "hairs are not looked for between dark ones."
        ),
        stage="evidence",
    )
    most_surface_unevenness: float = setting(
        0.16,
        unit="density",
        low=0.02,
        high=2.0,
        reason=(
            "What lies between hairs differs by less from evenly lit skin, the median over the "
            "field; under long hair by up to 0.14. More than this is a scene, no scalp."
        ),
        stage="measuring",
    )
    most_colour_spread: float = setting(
        0.3,
        unit="density",
        low=0.05,
        high=5.0,
        reason="Skin and its lamp vary in colour by up to 0.22; objects by more.",
        stage="measuring",
    )
    long_hair_share: float = setting(
        0.5,
        low=0.05,
        high=1.0,
        reason="More hairs than this leaving the field: unclipped hair, roots are uncertain.",
        stage="measuring",
    )
    least_usual_width_um: float = setting(
        20.0,
        unit="µm",
        low=1.0,
        high=100.0,
        reason="A median shaft thinner than this cannot be: the scale must be wrong.",
        stage="measuring",
    )
    most_usual_width_um: float = setting(
        160.0,
        unit="µm",
        low=50.0,
        high=1000.0,
        not_below="least_usual_width_um",
        reason="A median shaft thicker than this cannot be: the scale must be wrong.",
        stage="measuring",
    )
