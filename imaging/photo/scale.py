"""Millimetres per pixel of one photo, and where the figure came from.

The order is: manifest row, command line, DICOM pixel spacing, burnt-in scale bar, ruler or
graticule in view.  No readable text, no scale: none is ever assumed, and resolution tags (dpi) are
never one.
"""

from __future__ import annotations

import math

from ..records import Photo, Scale, ScaleSource
from ..settings import PhotoSettings
from .graphics import Graphics, Ruler, ScaleBar

_PERCENT = 100.0


def find_scale(
    photo: Photo, graphics: Graphics, settings: PhotoSettings
) -> tuple[Scale, tuple[str, ...]]:
    """Return the scale of a photo and the flags that belong to it.

    Parameters
    ----------
    photo : Photo
        Its ``inputs`` hold what manifest or command line said.
    graphics : Graphics
        What is burnt into the photo; ``content`` is the area that ``field_width_mm`` spans.
    settings : PhotoSettings

    Returns
    -------
    scale : Scale
        In px/mm with one relative standard error; unknown (NaN) when nothing gives it.
    flags : tuple of str
        Of ``no_scale``, ``ruler_unread``, ``scale_conflict``, ``scale_uncalibrated``,
        ``scale_bar_unread``; sorted.
    """
    seen = _scale_of_rulers(graphics.rulers, settings)
    burnt_in = _scale_of_bars(graphics.bars, settings)
    is_unread = bool(graphics.bars) and not burnt_in.is_known
    witness = burnt_in if burnt_in.is_known else seen
    given = _given_scale(photo, graphics, settings)
    flags = set()
    if given.is_known:
        scale = given
        # Bars that disagree among themselves are no witness against a given scale.
        if witness.is_known and _differ(given.px_per_mm, witness.px_per_mm, settings):
            flags.add("scale_conflict")
    else:
        scale = witness
        if scale.source == "scalebar_uncalibrated":
            flags.add("scale_uncalibrated")
        if seen.is_known and _differ(seen.px_per_mm, scale.px_per_mm, settings):
            flags.add("scale_conflict")
        if is_unread:
            flags.add("scale_bar_unread")
        if not scale.is_known:
            flags |= {"no_scale", "ruler_unread"} if graphics.rulers else {"no_scale"}
    return scale, tuple(sorted(flags))


def _given_scale(photo: Photo, graphics: Graphics, settings: PhotoSettings) -> Scale:
    """What the manifest, the command line or the DICOM header say, in this order."""
    inputs = photo.inputs
    if inputs.px_per_mm is not None:
        return Scale(inputs.px_per_mm, inputs.scale_origin, settings.scale_relative_error)
    if inputs.field_width_mm is not None:
        _, _, col0, col1 = graphics.content
        px_per_mm = (col1 - col0) / inputs.field_width_mm
        return Scale(px_per_mm, inputs.scale_origin, settings.scale_relative_error)
    if photo.dicom_px_per_mm is not None:
        return Scale(photo.dicom_px_per_mm, "dicom", settings.scale_relative_error)
    return Scale()


def _scale_of_bars(bars: tuple[ScaleBar, ...], settings: PhotoSettings) -> Scale:
    """The scale of the bar that is measured best; unknown when there is doubt which bar is meant.

    That is when two readable bars disagree, or when a bar of another length has no label: the label
    that was read may belong to it.
    """
    read = sorted((bar for bar in bars if bar.is_read), key=lambda bar: bar.relative_error)
    if not read:
        return Scale()
    best = read[0]
    px_per_mm = best.length_px / best.length_mm
    if any(_differ(bar.length_px / bar.length_mm, px_per_mm, settings) for bar in read[1:]):
        return Scale()
    unlabelled = [bar.length_px for bar in bars if not bar.is_read]
    if any(_differ(length_px, best.length_px, settings) for length_px in unlabelled):
        return Scale()
    source: ScaleSource = "scalebar"
    error = math.hypot(best.relative_error, settings.scale_relative_error)
    if best.is_uncalibrated:
        source = "scalebar_uncalibrated"
        error = max(error, settings.uncalibrated_scale_relative_error)
    return Scale(px_per_mm, source, error)


def _scale_of_rulers(rulers: tuple[Ruler, ...], settings: PhotoSettings) -> Scale:
    """The scale of the ruler that is read best; unknown when two readable rulers disagree."""
    read = sorted((ruler for ruler in rulers if ruler.is_read), key=lambda one: one.relative_error)
    if not read:
        return Scale()
    best = read[0]
    if any(_differ(ruler.px_per_mm, best.px_per_mm, settings) for ruler in read[1:]):
        return Scale()
    error = math.hypot(best.relative_error, settings.scale_relative_error)
    return Scale(best.px_per_mm, "ruler", error)


def _differ(one: float, other: float, settings: PhotoSettings) -> bool:
    return abs(one / other - 1) * _PERCENT > settings.scale_conflict_percent
