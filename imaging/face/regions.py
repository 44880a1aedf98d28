"""The regions of a face: outlines up to the real hairline, what is left out, what can be read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..records import join_flags
from ..settings import FaceSettings
from .exclusions import find_exclusions
from .geometry import (
    EXCLUSION_CODES,
    PARTS_WITHOUT_SKIN,
    REGION_LABELS,
    FaceLandmarks,
    FaceRegions,
)
from .hairline import find_hairline
from .mesh_points import BROW, ORBIT, chain_points, mirrored_chain
from .outlines import beyond_hairline, draw_outlines, fill_polygon, find_profile, upward
from .skin import FOR_SKIN, analyse_skin


def find_regions(
    pixels: NDArray[np.uint8],
    landmarks: FaceLandmarks,
    *,
    settings: FaceSettings,
    profile: str | None = None,
    masked: NDArray[np.bool_] | None = None,
) -> FaceRegions:
    """Find the regions of a face and what of them can be measured.

    The forehead reaches up to the real hairline; an oblique view shows only the near cheek.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        The working image (`geometry`).
    landmarks : FaceLandmarks
        In its pixels.
    settings : FaceSettings
    profile : str, optional
        Id of a region profile; ``settings.region_profile`` when left out.
    masked : ndarray of bool, shape (height, width), optional
        Burnt-in text and graphics in pixels of the working image.

    Returns
    -------
    FaceRegions
        Flags: ``region_unreadable`` (less than half of a region can be read), ``glasses``,
        ``beard``.

    Raises
    ------
    SettingsError
        An unknown profile.
    NothingReadableError
        No skin of the face lies inside the photo.
    """
    name = settings.region_profile if profile is None else profile
    chosen = find_profile(name)
    skin = analyse_skin(pixels, landmarks)
    evidence = skin.maps.evidence.copy()
    for chain in (BROW, ORBIT, mirrored_chain(BROW), mirrored_chain(ORBIT)):
        # Brows and eyes are unlike skin; the forehead begins above them all the same.
        evidence[fill_polygon(evidence.shape, chain_points(skin.points_px, chain))] = FOR_SKIN
    small_hairline = find_hairline(
        evidence, skin.points_px, up=upward(skin.points_px), width_px=skin.width_px
    )
    ratio = np.array(pixels.shape[1::-1]) / np.array(evidence.shape[1::-1])
    hairline = (small_hairline * ratio).astype(np.float32)
    outline = draw_outlines(pixels.shape, landmarks, hairline, profile=chosen)
    excluded = find_exclusions(
        pixels, landmarks, skin, outline > 0, settings=settings, masked=masked
    )
    hidden = beyond_hairline(pixels.shape, landmarks.points_px, hairline) & (outline > 0)
    excluded[hidden & (excluded == 0)] = EXCLUSION_CODES["hair"]
    readable = (outline > 0) & (excluded == 0)
    labels = np.where(readable, outline, 0).astype(np.int32)
    # A brow inside the outline hides no forehead: only skin, seen or hidden, is of the region.
    no_skin = np.isin(excluded, [EXCLUSION_CODES[part] for part in PARTS_WITHOUT_SKIN])
    whole = _whole_areas(pixels.shape, outline, no_skin, landmarks, hairline, profile_name=name)
    percent = {
        region: 100.0 * float((labels == code).sum()) / whole[region]
        for region, code in REGION_LABELS.items()
        if region != "other" and whole[region] > 0
    }
    flags = []
    if any(value < settings.min_readable_percent for value in percent.values()):
        flags.append("region_unreadable")
    for reason in ("glasses", "beard"):
        if (excluded == EXCLUSION_CODES[reason]).any():
            flags.append(reason)
    return FaceRegions(
        labels=labels,
        outline=outline,
        readable=readable,
        excluded=excluded,
        readable_percent=percent,
        profile=name,
        flags=join_flags(flags),
    )


def _whole_areas(
    shape: tuple[int, ...],
    outline: NDArray[np.int32],
    no_skin: NDArray[np.bool_],
    landmarks: FaceLandmarks,
    hairline: NDArray[np.float32],
    *,
    profile_name: str,
) -> dict[str, int]:
    """Return the skin of each outline in pixels, hidden or not, with what the edge cuts off."""
    size = max(REGION_LABELS.values()) + 1
    parts = np.bincount(outline[no_skin], minlength=size)
    points = landmarks.points_px
    over = [
        max(0.0, -float(points[:, 0].min())),
        max(0.0, float(points[:, 0].max()) - shape[1]),
        max(0.0, -float(points[:, 1].min())),
        max(0.0, float(points[:, 1].max()) - shape[0]),
    ]
    if max(over) > 0:
        left, right, top, bottom = (int(np.ceil(value)) for value in over)
        canvas = (shape[0] + top + bottom, shape[1] + left + right)
        outline = draw_outlines(
            canvas, landmarks, hairline, profile=find_profile(profile_name), shift_px=(left, top)
        )
    counts = np.bincount(outline.ravel(), minlength=size) - parts
    return {region: int(counts[code]) for region, code in REGION_LABELS.items()}
