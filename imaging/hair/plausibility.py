"""Whether what was traced can be believed: flags for photos outside what the tool can read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..records import Scale
from ..settings import HairSettings
from .evidence import ShaftEvidence
from .surface import Surface
from .tracing import TracedHair


def judge_surface(surface: Surface, settings: HairSettings) -> tuple[str, ...]:
    """Return the flag ``no_scalp`` where the ground is no one surface under one lamp.

    Its mean colour is not judged: the lamps of microscopes give skin any tint.
    """
    is_scene = (
        surface.unevenness > settings.most_surface_unevenness
        or surface.colour_spread > settings.most_colour_spread
    )
    return ("no_scalp",) if is_scene else ()


def judge_traces(
    hairs: list[TracedHair],
    diameters_um: NDArray[np.float64],
    evidence: ShaftEvidence,
    scale: Scale,
    settings: HairSettings,
) -> tuple[str, ...]:
    """Return flags of what was traced: roots covered, hair long or white, scale impossible."""
    flags = []
    if _cover_share(hairs, evidence, settings) > settings.most_cover_share:
        flags.append("too_dense")
    if len(hairs) >= settings.few_hairs:
        leaving = np.mean([hair.leaves_field or not hair.has_root for hair in hairs])
        if leaving > settings.long_hair_share:
            flags.append("long_hair")
    if any(hair.is_pale for hair in hairs):
        flags.append("white_hair")
    if scale.is_known and len(hairs) >= settings.few_hairs:
        # Lines are traced up to a width; hairs that are wider still are measured as such.
        traced_um = [1e3 * hair.width_px / scale.px_per_mm for hair in hairs]
        measured_um = diameters_um[np.isfinite(diameters_um)]
        medians = [float(np.median(widths)) for widths in (traced_um, measured_um) if len(widths)]
        least, most = settings.least_usual_width_um, settings.most_usual_width_um
        if not all(least <= median <= most for median in medians):
            flags.append("scale_implausible")
    return tuple(flags)


def _cover_share(hairs: list[TracedHair], evidence: ShaftEvidence, settings: HairSettings) -> float:
    """Share of the readable field under hair: by darkness or by traced shafts, the larger.

    Where hair is dense the local skin cannot be told, and darkness alone says too little.
    """
    area_px = float(evidence.valid.sum())
    if not area_px:
        return 0.0
    dark_px = float((evidence.darkness[evidence.valid] >= settings.cover_density).sum())
    px_per_mm = evidence.px_per_mm / evidence.zoom
    traced_px = sum(hair.length_mm * px_per_mm * hair.width_px for hair in hairs)
    return max(dark_px, traced_px * evidence.zoom**2) / area_px
