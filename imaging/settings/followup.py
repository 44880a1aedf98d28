"""Settings of the follow-up: two photos of one field at two visits."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import setting


@dataclass(frozen=True)
class FollowupSettings:
    """Alignment, matching and comparison of two photos; the face's own begin with ``face_``."""

    # -- laying one photo over the other
    most_turn_deg: float = setting(
        45.0,
        unit="°",
        low=0.0,
        high=180.0,
        reason="The camera is turned by less than this between visits; more is more to search.",
        stage="measuring",
    )
    most_zoom: float = setting(
        1.15,
        low=1.0,
        high=2.0,
        reason="The scales of two photos agree within this factor: hand-held devices vary by 10 %.",
        stage="measuring",
    )
    most_zoom_without_scale: float = setting(
        2.5,
        low=1.0,
        high=10.0,
        reason="Where one photo has no scale, its own is looked for within this factor.",
        stage="measuring",
    )
    root_tolerance_mm: float = setting(
        0.12,
        unit="mm",
        low=0.02,
        high=0.5,
        reason="Roots that lie nearer than this after alignment agree: twice a root's own error.",
        stage="measuring",
    )
    most_chance_log10: float = setting(
        1.5,
        low=-50.0,
        high=6.0,
        reason=(
            "Decimal logarithm of the number of equally good alignments that chance alone would "
            "give; a pair above it is refused. Photos of other heads (13 pairs) gave 2.9 and more, "
            "drawn ones 2.6 and more; 24 genuine drawn pairs 0.7 and less."
        ),
        stage="measuring",
    )
    least_overlap_percent: float = setting(
        10.0,
        unit="%",
        low=1.0,
        high=100.0,
        reason="With less of the baseline's frame in common there is nothing to compare.",
        stage="measuring",
    )
    texture_px_per_mm: float = setting(
        40.0,
        unit="px/mm",
        low=10.0,
        high=200.0,
        reason="Skin without its hairs is compared at this scale: fine vessels are 2 pixels wide.",
        stage="measuring",
    )
    # -- matching of hairs
    along_error_mm: float = setting(
        0.08,
        unit="mm",
        low=0.01,
        high=0.5,
        reason="Standard error of a root's place along its shaft: skin veils the last of it.",
        stage="measuring",
    )
    across_error_mm: float = setting(
        0.03,
        unit="mm",
        low=0.005,
        high=0.3,
        reason="Standard error of a root's place across its shaft, with that of the alignment.",
        stage="measuring",
    )
    direction_error_deg: float = setting(
        12.0,
        unit="°",
        low=1.0,
        high=90.0,
        reason="Standard error of a hair's direction between visits: stubs are clipped and bent.",
        stage="measuring",
    )
    diameter_error_share: float = setting(
        0.25,
        low=0.02,
        high=2.0,
        reason="Standard error of the logarithm of a diameter between visits.",
        stage="measuring",
    )
    most_match_cost: float = setting(
        12.0,
        low=1.0,
        high=100.0,
        reason=(
            "Squared distance of two hairs (place, direction, diameter in standard errors) above "
            "which they are not the same: 2 % of true matches of 4 coordinates lie beyond 11.7."
        ),
        stage="measuring",
    )
    lone_confidence: float = setting(
        0.80,
        low=0.0,
        high=1.0,
        reason=(
            "A hair of one visit without any trace at the other must be this certain to count as "
            "lost or new: where few hairs change, a false line is likelier than a lost hair."
        ),
        stage="measuring",
    )
    sight_share: float = setting(
        0.35,
        low=0.05,
        high=1.0,
        reason=(
            "A hair that was traced once is seen in the other photo where its free place has this "
            "share of its own contrast. Hairs that were gone had less than 0.25 in 9 of 10 cases, "
            "half of those that were there more than 0.5; of 0.2, 0.35 and 0.5 the change of the "
            "count erred least with this one (15 drawn pairs)."
        ),
        stage="measuring",
    )
    missing_share: float = setting(
        0.6,
        low=0.5,
        high=1.0,
        reason=(
            "A hair that others may hide is gone where its crowd lacks this share of the light "
            "that the hair absorbed: more than half, since most hairs stay. With 0.5 the change of "
            "the count erred as much (42 drawn pairs)."
        ),
        stage="measuring",
    )
    root_mark_density: float = setting(
        0.02,
        unit="OD",
        low=0.0,
        high=0.5,
        reason=(
            "A lone line counts as lost or new only where the skin behind its root is this much "
            "darker in red light: drawn hairs had more in 99 of 100 cases, loose clippings less."
        ),
        stage="measuring",
    )
    unit_reach_mm: float = setting(
        0.35,
        unit="mm",
        low=0.05,
        high=2.0,
        reason=(
            "A unit this near to the place of a unit or a graft of the other visit is the same: "
            "its hairs stand within 0.25 mm, and units half a millimetre and more apart."
        ),
        stage="measuring",
    )
    # -- growth
    growth_days: float = setting(
        5.0,
        unit="d",
        low=1.0,
        high=30.0,
        reason="Up to so many days apart a pair is a phototrichogram: growth and phase are told.",
        stage="measuring",
    )
    least_growth_mm_per_day: float = setting(
        0.1,
        unit="mm/d",
        low=0.0,
        high=1.0,
        reason="A hair that grows by more is growing (anagen); usual growth is 0.28 to 0.41.",
        source="10.1111/j.1365-2133.2005.06560.x",
        stage="measuring",
    )
    length_error_mm: float = setting(
        0.06,
        unit="mm",
        low=0.001,
        high=1.0,
        reason=(
            "Standard error of one visible length: 3000 drawn clipped hairs were traced with a "
            "spread of 0.060 mm (half of them within 0.02 mm of the common bias)."
        ),
        stage="measuring",
    )
    # -- survival
    early_days: float = setting(
        180.0,
        unit="d",
        low=0.0,
        high=730.0,
        reason="Grafts shed their hair and grow again; survival before month 6 misleads.",
        stage="measuring",
    )
    survival_error_share: float = setting(
        0.02,
        low=0.0,
        high=0.5,
        reason=(
            "Standard error of survival by wrong matches; it widens the interval. In 12 drawn "
            "courses the grafts seen at a visit were told with a mean error of 1.4 points without "
            "a map and 0.7 with one: a standard error of up to 1.7."
        ),
        stage="measuring",
    )
    # -- faces
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
    face_noise_delta_l: float = setting(
        0.6,
        unit="ΔL*",
        low=0.0,
        high=5.0,
        reason=(
            "Skin differs by so much between two photos of one session, after warp and tone: "
            "it is no change."
        ),
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
