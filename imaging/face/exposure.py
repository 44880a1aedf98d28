"""Flags of focus and exposure, judged on the skin that is measured alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..photo.quality import assess_quality
from ..photo.text_lines import grey_maps
from ..settings import PhotoSettings

#: A channel at or above this has hardly a step left: reducing and JPEG blend the end of the scale
#: with what lies beside it.
CLIPPED_LEVEL = 250
#: Share of the skin with a channel at its end from which melanin and redness are not to be trusted.
#: Of 42 portraits and crops one reaches it, whose cheeks are indeed at the end of red (32 %); the
#: next has 11 %.  Two fair faces in three times their light have 62 and 72 %, a dark one in six
#: times 76 %.
MAX_CLIPPED_SHARE = 0.15


def exposure_flags(
    pixels: NDArray[np.uint8], skin: NDArray[np.bool_], *, settings: PhotoSettings
) -> list[str]:
    """Return ``blurred``, ``underexposed`` and ``overexposed`` where they hold on skin.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        sRGB as it came: a correction of colour moves the end of the scale.
    skin : ndarray of bool, shape (h, w)
    settings : PhotoSettings

    Notes
    -----
    Skin is burnt out in red long before it is white, which is what a photo is judged by elsewhere;
    and what is white was taken off the skin before, as shine was: neither ``glare`` nor that kind
    of burnt area can occur on it.
    """
    quality = assess_quality(pixels, masked=~skin, settings=settings)
    flags = [flag for flag in quality.flags if flag in ("blurred", "underexposed")]
    _, greatest = grey_maps(pixels)
    if skin.any() and float((greatest >= CLIPPED_LEVEL)[skin].mean()) >= MAX_CLIPPED_SHARE:
        flags.append("overexposed")
    return flags
