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
    area_floor_percent: float = setting(
        1.0,
        unit="%",
        low=0.0,
        high=10.0,
        reason="The pixel measurement has a noise floor; below it a percentage is 0.",
        stage="measuring",
    )
