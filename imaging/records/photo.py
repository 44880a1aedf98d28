"""What travels out of the hall: a photo, what is known of it from outside, and its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ScaleSource = Literal[
    "manifest",
    "command_line",
    "dicom",
    "scalebar",
    "scalebar_uncalibrated",
    "ruler",
    "none",
]


@dataclass(frozen=True)
class Scale:
    """Pixels per millimetre of the upright photo, where the figure came from, and its error.

    ``px_per_mm`` and ``relative_error`` (one standard error, as a share of the scale) are NaN when
    the scale is unknown.
    """

    px_per_mm: float = math.nan
    source: ScaleSource = "none"
    relative_error: float = math.nan

    @property
    def is_known(self) -> bool:
        return math.isfinite(self.px_per_mm)


@dataclass(frozen=True)
class PhotoInputs:
    """What the manifest or the command line says of one photo and what changes its numbers.

    ``scale_origin`` tells where ``px_per_mm`` or ``field_width_mm`` came from.  ``polygon_px`` is
    the region of interest of patch mode.
    """

    px_per_mm: float | None = None
    field_width_mm: float | None = None
    scale_origin: Literal["manifest", "command_line"] = "command_line"
    view: str | None = None
    modality: str | None = None
    polygon_px: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Panel:
    """A translucent box that a device laid over the photo: level = share · (level below) + added.

    Parameters
    ----------
    box : tuple of int
        row0, row1, col0, col1, half open.
    share : float
        Of what lies below that it shows, 0 to 1.
    added : tuple of float
        Red, green, blue, grey levels.
    hidden : ndarray of bool, shape (rows, columns) of the box
        What strokes of text and the rim hide; thin, to be painted over.
    """

    box: tuple[int, int, int, int]
    share: float
    added: tuple[float, float, float]
    hidden: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Photo:
    """One decoded photo, upright, in sRGB.

    Parameters
    ----------
    photo_id : str
        Path relative to the deepest common folder of all photos, POSIX style, NFC.
    pixels : ndarray of uint8, shape (height, width, 3)
        Upright sRGB; read-only.
    sha256 : str
        Of the file's bytes, hexadecimal.
    source_format : str
        ``"JPEG"``, ``"PNG"``, ``"TIFF"`` ...
    dicom_px_per_mm : float or None
        From DICOM pixel spacing; resolution tags of other formats are never a scale.
    inputs : PhotoInputs
    flags : tuple of str
        What reading noticed (`records.flags`).
    """

    photo_id: str
    pixels: NDArray[np.uint8]
    sha256: str
    source_format: str = ""
    dicom_px_per_mm: float | None = None
    inputs: PhotoInputs = field(default_factory=PhotoInputs)
    flags: tuple[str, ...] = ()

    @property
    def height_px(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        return int(self.pixels.shape[1])
