"""Settings of what every photo goes through before a wing measures it."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class PhotoSettings:
    """Reading, burnt-in graphics, scale and quality."""

    max_megapixels: int = setting(
        120,
        unit="MP",
        low=1,
        high=1000,
        reason="A file of a few kilobytes can unpack to gigabytes; no clinical camera exceeds it.",
        stage="reading",
    )
    max_file_megabytes: int = setting(
        500,
        unit="MB",
        low=1,
        high=10_000,
        reason="A photo larger than this is not a photo; it would fill the memory of a worker.",
        stage="reading",
    )
    min_side_px: int = setting(
        64,
        unit="px",
        low=16,
        high=4096,
        reason="A thumbnail shows no hair and no pigment border.",
        stage="reading",
    )
    scale_relative_error: float = setting(
        0.01,
        low=0.0,
        high=0.5,
        reason="Error of a scale that was typed in: a measured bar or data sheet is good to 1 %.",
        stage="measuring",
    )
    scale_conflict_percent: float = setting(
        2.0,
        unit="%",
        low=0.1,
        high=50.0,
        reason="A given scale further than this off a bar in the photo is flagged.",
        stage="measuring",
    )
    uncalibrated_scale_relative_error: float = setting(
        0.05,
        low=0.0,
        high=0.5,
        reason="Least error of a bar whose device says that it is not calibrated.",
        stage="measuring",
    )
    chart_max_delta_e: float = setting(
        10.0,
        unit="ΔE00",
        low=1.0,
        high=20.0,
        reason=(
            "A colour chart is used when one linear correction explains its 24 patches this well "
            "on average; whole charts reach 3 to 9, a half-hidden one stays above 14."
        ),
        stage="evidence",
    )
    glare_level: int = setting(
        250,
        low=200,
        high=255,
        reason="A pixel is burnt out when its darkest channel reaches this of 255: nothing is left "
        "to measure. Pale skin and a white ruler stay below it in a photo that is well exposed.",
        stage="evidence",
    )
    dark_level: int = setting(
        36,
        low=0,
        high=128,
        reason="Wide parts darker than this of 255 (1.8 % of white) lie outside a dermoscope's "
        "circle or in a shadow where no hair stands out.",
        stage="evidence",
    )
    underexposed_level: int = setting(
        45,
        low=0,
        high=128,
        reason="A photo whose median brightness is below this of 255 (2.6 % of white) is flagged; "
        "even very dark skin reflects more than 4 %.",
        stage="evidence",
    )
    defocus_percent: float = setting(
        0.6,
        unit="% of the shorter side",
        low=0.1,
        high=5.0,
        reason="Edges whose blur (one standard deviation) is wider than this are out of focus: "
        "6 px of 1024, half the width of a terminal hair in a trichoscopic field of 6 mm.",
        stage="evidence",
    )
    defocus_ratio: float = setting(
        1.8,
        low=1.0,
        high=10.0,
        reason="... and only where they are this many times as wide as in the best-focused tenth.",
        stage="evidence",
    )
