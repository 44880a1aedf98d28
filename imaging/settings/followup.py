"""Settings of the follow-up: how two scores of one field are compared."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class FollowupSettings:
    """Alignment, matching and comparison of two photos; the face's own begin with ``face_``."""

    early_days: float = setting(
        180.0,
        unit="d",
        low=0.0,
        high=720.0,
        reason=(
            "Grafts shed and rest before they grow: survival read before month 6 is flagged as "
            "early."
        ),
        stage="measuring",
    )
    face_max_yaw_change_deg: float = setting(
        8.0,
        unit="°",
        low=1.0,
        high=45.0,
        reason="A head turned further than this between visits shows another share of each cheek.",
        stage="measuring",
    )
    face_max_scale_ratio: float = setting(
        1.5,
        low=1.05,
        high=5.0,
        reason="One face this many times larger shows borders that the other cannot.",
        stage="measuring",
    )
    face_max_sharpness_ratio: float = setting(
        2.0,
        low=1.1,
        high=10.0,
        reason="Fine contrast of skin that differs by this factor: focus or smoothing differ.",
        stage="measuring",
    )
    face_max_light_density: float = setting(
        0.06,
        unit="OD",
        low=0.01,
        high=0.5,
        reason=(
            "Spread over the face of the light difference that was taken out; a faint lesion "
            "starts near 0.05."
        ),
        stage="measuring",
    )
    face_max_tone_shift: float = setting(
        15.0,
        unit="ΔE",
        low=2.0,
        high=60.0,
        reason="Exposure or colour cast so different that matching the tone is a guess.",
        stage="measuring",
    )
    face_min_overlap_percent: float = setting(
        60.0,
        unit="%",
        low=10.0,
        high=100.0,
        reason="With less of the baseline's skin in view again the change is of another area.",
        stage="measuring",
    )
    face_min_reference_percent: float = setting(
        5.0,
        unit="%",
        low=0.5,
        high=50.0,
        reason=(
            "Least share of the skin that is normal at both visits; below it the tone is matched "
            "on the whole face's light alone and flagged."
        ),
        stage="measuring",
    )
    face_change_delta_l: float = setting(
        2.0,
        unit="ΔL*",
        low=0.5,
        high=10.0,
        reason="Pigmented skin counts as lightened or darkened from this change of lightness on.",
        stage="measuring",
    )
    face_laser_days: float = setting(
        28.0,
        unit="d",
        low=0.0,
        high=180.0,
        reason="Redness and crusts after laser mislead for about four weeks.",
        stage="measuring",
    )
