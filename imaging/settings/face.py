"""Settings of the face wing."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class FaceSettings:
    """Landmarks, regions, pigment and scores."""

    area_floor_percent: float = setting(
        1.0,
        unit="%",
        low=0.0,
        high=10.0,
        reason="The pixel measurement has a noise floor; below it a percentage is 0.",
        stage="measuring",
    )
