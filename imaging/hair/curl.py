"""Whether the hair of a photograph is curly: then shafts bend sharply and need not lean alike."""

from __future__ import annotations

import numpy as np

from ..settings import HairSettings
from .lines import STEP_PX, Lines

#: A stub shorter than this shows no bend: what its direction turns by is noise.
_LEAST_LENGTH_MM = 0.4
#: Hair is judged by its long lines when at least this share of all lines is long.
_LEAST_LONG_SHARE = 0.15
#: A line is found to turn by this much without a bend, however long it is: clipped stubs turn by as
#: much per millimetre as wavy hair, but by less in all.
_STRAIGHT_TURN = np.radians(10.0)


def are_curls(lines: Lines, px_per_mm: float, settings: HairSettings) -> bool:
    """Tell whether the long lines of a photograph bend as curly hair does.

    Parameters
    ----------
    lines : Lines
        Centre lines all over the photograph that were free to bend with ``curly_bend_radius_mm``.
    px_per_mm : float
        Working pixels of the lines per millimetre.
    settings : HairSettings
        ``curly_bend_deg_per_mm`` is the limit of the median bend, of which what straight lines
        seem to turn by is left out.
    """
    lengths_mm = lines.counts * STEP_PX / px_per_mm
    is_long = lengths_mm >= _LEAST_LENGTH_MM
    if not is_long.any() or is_long.mean() < _LEAST_LONG_SHARE:
        return False
    turns = np.maximum(np.abs(lines.turns[is_long]) - _STRAIGHT_TURN, 0.0)
    bends = turns / lengths_mm[is_long]
    return bool(np.degrees(np.median(bends)) >= settings.curly_bend_deg_per_mm)
