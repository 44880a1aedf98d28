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
    min_face_width_px: int = setting(
        60,
        unit="px",
        low=20,
        high=1000,
        reason="Below this a pixel is wider than 2 mm of skin and no pigment border is seen.",
        stage="evidence",
    )
    good_face_width_px: int = setting(
        250,
        unit="px",
        low=20,
        high=4000,
        reason="Smaller faces are scored and flagged: freckles and lashes are under two pixels.",
        stage="evidence",
    )
    detector_confidence: float = setting(
        0.1,
        low=0.01,
        high=0.99,
        reason=(
            "Lowest score of a box that the mesh is tried on: of 69 patients' photos 71 % were "
            "found at 0.5, 78 % at 0.1; the mesh rejects the boxes that are no faces."
        ),
        stage="evidence",
    )
    mesh_confidence: float = setting(
        0.5,
        low=0.01,
        high=0.999,
        reason="Lowest face score of the mesh; whole faces reach 0.9, skin crops mostly under 0.2.",
        stage="evidence",
    )
    mesh_moved_share: float = setting(
        0.03,
        low=0.005,
        high=0.2,
        reason=(
            "Most that the mesh may still move between two passes, as a share of the face's width: "
            "it settles within 0.02 on faces and wanders by 0.02 to 0.15 on skin crops."
        ),
        stage="evidence",
    )
    face_inside_share: float = setting(
        0.6,
        low=0.3,
        high=1.0,
        reason="Least share of the mesh inside the photo: half a face is a partial crop.",
        stage="evidence",
    )
    oblique_yaw_deg: float = setting(
        16.0,
        unit="°",
        low=5.0,
        high=45.0,
        reason=(
            "A head turned at least this far is an oblique view. The mesh reads 30 and 45 degrees "
            "as less than they are (30 as 18 and more); frontal photos stay under 12."
        ),
        stage="evidence",
    )
    extreme_yaw_deg: float = setting(
        50.0,
        unit="°",
        low=30.0,
        high=90.0,
        reason="Beyond about 45 degrees the mesh is placed badly; the photo is flagged.",
        stage="evidence",
    )
    region_profile: str = setting(
        "default-1",
        choices=("default-1", "nose-malar-1", "full-1", "parts-1"),
        reason=(
            "Where the regions end. default-1 leaves nose, upper lip and temples out; "
            "nose-malar-1 gives the nose to the cheeks; full-1 also the upper lip to the chin and "
            "the temples to the forehead; parts-1 makes each a region of its own."
        ),
        stage="evidence",
    )
    shadow_density: float = setting(
        0.5,
        unit="OD",
        low=0.2,
        high=1.0,
        reason=(
            "Wide areas darker than the light on the face explains by this much are deep shadow; "
            "the strongest lesions reach 0.25, and a chin that turns from the light as much again."
        ),
        stage="evidence",
    )
    glare_density: float = setting(
        0.22,
        unit="OD",
        low=0.1,
        high=1.0,
        reason="Skin brighter than the light on the face explains by this much is shine.",
        stage="evidence",
    )
    burnt_level: int = setting(
        245,
        low=200,
        high=255,
        reason="A pixel whose darkest channel reaches this holds no colour of skin any more.",
        stage="evidence",
    )
    min_readable_percent: float = setting(
        50.0,
        unit="%",
        low=5.0,
        high=100.0,
        reason=(
            "A region of which less can be read has no score: the rest may be all lesion or none."
        ),
        stage="measuring",
    )
    area_floor_percent: float = setting(
        1.0,
        unit="%",
        low=0.0,
        high=10.0,
        reason="The pixel measurement has a noise floor; below it a percentage is 0.",
        stage="measuring",
    )
    segmenter: str = setting(
        "pigment-2",
        reason="What tells melasma from light and blemishes; the benchmark says which is better.",
        stage="evidence",
    )
    patch_mode: bool = setting(
        False,
        reason="Score a partial crop as one region: the whole crop, or the polygon given for it.",
        stage="evidence",
    )
    least_patch_mm: float = setting(
        5.0,
        unit="mm",
        low=0.1,
        high=100.0,
        reason="On a crop whose longer side is shorter no lesion lies beside normal skin.",
        stage="evidence",
    )
    patch_width_share: float = setting(
        0.6,
        low=0.1,
        high=2.0,
        reason=(
            "Width of a crop as a share of the face, where no scale is given: a cheek or a "
            "forehead."
        ),
        stage="evidence",
    )
    pigment_probability: float = setting(
        0.5,
        low=0.05,
        high=0.95,
        reason=(
            "Least probability of melasma; at 0.5 a border lies where the density is half its peak."
        ),
        stage="measuring",
    )
    pigment_delta_l: float = setting(
        1.0,
        unit="ΔL*",
        low=0.0,
        high=20.0,
        reason=(
            "Least darkness below normal skin: a difference of one unit is what the eye can see."
        ),
        stage="measuring",
    )
    pigment_red_share: float = setting(
        3.0,
        unit="ΔEI / ΔL*",
        low=0.1,
        high=10.0,
        reason=(
            "Skin whose darkness is redness to at least this share is red, not brown; both are "
            "kept apart by haemoglobin, which melanin and shadow do not imitate."
        ),
        stage="measuring",
    )
    smallest_patch_mm: float = setting(
        2.5,
        unit="mm",
        low=0.0,
        high=20.0,
        reason="Smaller than this is a freckle, a mole or noise: freckles are 1 to 3 mm wide.",
        stage="measuring",
    )
    sensitivity_probability: float = setting(
        0.2,
        low=0.0,
        high=0.4,
        reason=(
            "Half width of the range of thresholds that the low and high values are measured at."
        ),
        stage="measuring",
    )
    min_normal_percent: float = setting(
        20.0,
        unit="%",
        low=0.0,
        high=100.0,
        reason=(
            "With less normal skin than this in a region its reference is borrowed from elsewhere "
            "on the face, and flagged."
        ),
        stage="measuring",
    )
    darkness_1_delta_l: float = setting(
        2.0,
        unit="ΔL*",
        low=0.0,
        high=60.0,
        reason=(
            "Darkness 1 (barely visible) from here on. No published value: uncalibrated until "
            "fitted."
        ),
        stage="measuring",
    )
    darkness_2_delta_l: float = setting(
        5.0,
        unit="ΔL*",
        low=0.0,
        high=60.0,
        not_below="darkness_1_delta_l",
        reason="Darkness 2 (mild) from here on. No published value: uncalibrated until fitted.",
        stage="measuring",
    )
    darkness_3_delta_l: float = setting(
        8.0,
        unit="ΔL*",
        low=0.0,
        high=60.0,
        not_below="darkness_2_delta_l",
        reason=(
            "Darkness 3 (moderate) from here on. No published value: uncalibrated until fitted."
        ),
        stage="measuring",
    )
    darkness_4_delta_l: float = setting(
        12.0,
        unit="ΔL*",
        low=0.0,
        high=60.0,
        not_below="darkness_3_delta_l",
        reason="Darkness 4 (severe) from here on. No published value: uncalibrated until fitted.",
        stage="measuring",
    )
    homogeneity_speck_mm: float = setting(
        5.0,
        unit="mm",
        low=1.0,
        high=30.0,
        reason="A patch at least this wide is more than a speck. No published value.",
        stage="measuring",
    )
    homogeneity_patch_mm: float = setting(
        17.5,
        unit="mm",
        low=5.0,
        high=60.0,
        not_below="homogeneity_speck_mm",
        reason="Between the small (under 15 mm) and the large patches (over 20 mm) of the MASI.",
        stage="measuring",
    )
    homogeneity_uniform_percent: float = setting(
        90.0,
        unit="%",
        low=50.0,
        high=100.0,
        reason="From this share of a region on no clear area is left.",
        stage="measuring",
    )
    scores_calibrated: bool = setting(
        False,
        reason=(
            "True when the darkness and homogeneity cut-points were fitted to this site's readers."
        ),
        stage="measuring",
    )
    calibration_data: str = setting(
        "",
        reason="The readers' scores that the cut-points were fitted to; written by calibrate face.",
        stage="measuring",
    )
    spot_delta_l: float = setting(
        6.0,
        unit="ΔL*",
        low=1.0,
        high=40.0,
        reason="A freckle, lentigo or mole is at least this much darker than the skin round it.",
        stage="measuring",
    )
    spot_min_mm: float = setting(
        1.0,
        unit="mm",
        low=0.2,
        high=5.0,
        reason="Smaller dark points are pores and stubble.",
        stage="measuring",
    )
    spot_max_mm: float = setting(
        5.0,
        unit="mm",
        low=1.0,
        high=15.0,
        not_below="spot_min_mm",
        reason="Larger brown areas are patches.",
        stage="evidence",
    )
    red_delta_erythema: float = setting(
        4.0,
        low=0.5,
        high=40.0,
        reason=(
            "A red area exceeds the erythema index of normal skin by this; noise stays under 2."
        ),
        stage="measuring",
    )
    smallest_red_mm: float = setting(
        2.0,
        unit="mm",
        low=0.2,
        high=20.0,
        reason="Smaller red points are pores and noise.",
        stage="measuring",
    )
    anonymise: bool = setting(
        False,
        reason="Cover the eyes in every picture that is written.",
        stage="drawing",
    )
