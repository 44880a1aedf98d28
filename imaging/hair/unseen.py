"""How many hairs a photo has besides those counted: thin, fair and pale ones hide their like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .evidence import ShaftEvidence, read_at
from .tracing import TracedHair

Floats = NDArray[np.float64]

#: Unseen hairs per hair that was counted: of any kind, and more of thin, of faint and of pale ones.
#: Robust regression (Huber) of (true − counted) / counted on the shares of each kind, on 405
#: generated scenes of 21 kinds and 192 random ones with ten hairs or more (docs/hair-accuracy.md).
_ANY, _THIN, _FAINT, _PALE = 0.06, 0.16, 0.2, 0.2
#: Thinner hairs (µm) are vellus, whatever cut-off a trial reports.
_THIN_BELOW_UM = 40.0
#: A shaft of this darkness (optical density over skin) stands out fully, one of 0 not at all.
_FULL_DARKNESS = 0.8


def expected_unseen(
    hairs: Sequence[TracedHair], diameters_um: Floats, shafts: ShaftEvidence
) -> Floats:
    """Return for each hair how many like it are expected that were not traced, shape (hairs,).

    Hidden behind others, too thin or too faint: what was traced tells how common these are.

    Parameters
    ----------
    hairs : sequence of TracedHair
    diameters_um : ndarray of float, shape (hairs,)
        NaN where unknown: such a hair counts as no thin one.
    shafts : ShaftEvidence
        What the hairs were traced in.
    """
    is_pale = np.array([hair.is_pale for hair in hairs], bool)
    darkness = np.array([_darkness(hair, shafts) for hair in hairs])
    faint = np.where(is_pale, 0.0, np.clip(1 - darkness / _FULL_DARKNESS, 0, 1))
    is_thin = np.nan_to_num(diameters_um, nan=np.inf) < _THIN_BELOW_UM
    unseen: Floats = _ANY + _THIN * is_thin + _FAINT * faint + _PALE * is_pale
    return unseen


def _darkness(hair: TracedHair, shafts: ShaftEvidence) -> float:
    """Return the darkness (optical density over skin) in the median of a hair's line."""
    places = shafts.from_photo(hair.path_px)
    return float(np.median(read_at(shafts.darkness, places[:, 0], places[:, 1])))
