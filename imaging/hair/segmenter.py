"""The segmenters by name: each turns pixels at the working scale into evidence for hairs."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError
from ..settings import HairSettings
from .evidence import ShaftEvidence
from .ridges import find_ridges


class Segmenter(Protocol):
    """What turns pixels at the working scale into evidence; see `ridges.find_ridges`."""

    def __call__(
        self,
        pixels: NDArray[np.uint8],
        *,
        valid: NDArray[np.bool_],
        px_per_mm: float,
        zoom: float,
        settings: HairSettings,
    ) -> ShaftEvidence: ...


_SEGMENTERS: dict[str, Segmenter] = {"ridges": find_ridges}


def segmenter_names() -> tuple[str, ...]:
    """Return the names that ``hair.segmenter`` may have, sorted."""
    return tuple(sorted(_SEGMENTERS))


def find_segmenter(name: str) -> Segmenter:
    """Return the segmenter of this name.

    Raises
    ------
    SettingsError
        There is none; the message lists those that there are.
    """
    if name not in _SEGMENTERS:
        raise SettingsError(
            f"There is no hair segmenter {name!r}; there are: {', '.join(segmenter_names())}."
        )
    return _SEGMENTERS[name]


def weights_digest(name: str) -> str:
    """Return the digest of a segmenter's weights; empty for one without weights."""
    find_segmenter(name)
    return ""
