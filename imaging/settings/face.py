"""Settings of the face wing."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class FaceSettings:
    """Landmarks, regions, pigment and scores."""

    working_width_px: int = setting(
        800,
        unit="px",
        low=300,
        high=2000,
        reason=(
            "Larger faces are reduced to this width: 0.17 mm a pixel, finer than any pigment "
            "border, and a photo of any size then costs the same time and memory."
        ),
        stage="evidence",
    )
    area_floor_percent: float = setting(
        1.0,
        unit="%",
        low=0.0,
        high=10.0,
        reason="The pixel measurement has a noise floor; below it a percentage is 0.",
        stage="measuring",
    )
