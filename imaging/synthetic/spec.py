"""What a synthetic scalp photograph is made of, and the exact truth that comes with it.

A `ScalpSpec` says everything that is drawn at random or on purpose; `scalp.make_scalp` turns it and
a random generator into a `ScalpScene`.  Lengths are given in millimetres or micrometres, blur and
noise of the camera in pixels of the photograph, colours in sRGB or linear light as named.

Figures of density, unit mix, spacing and diameter: Loussouarn et al. 2005
(doi:10.1111/j.1365-2133.2005.06560.x) and Han Chinese counts (doi:10.20517/2347-9264.2017.52).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .graphics import GraphicsSpec, GraphicsTruth

HairColourName = Literal["black", "brown", "blond", "grey", "white"]
DebrisKind = Literal["clipping", "fibre"]

#: Terminal from this diameter on: the default cut-off of the hair wing, so that the truth's
#: ``kind`` compares with the column of that name.  No hair is generated between 38 and 42 µm, where
#: the class would hang on a rounding error.
TERMINAL_FROM_UM = 40.0


@dataclass(frozen=True)
class UnitSpec:
    """Where follicular units stand and how the hairs of one unit leave the skin.

    Parameters
    ----------
    density_per_cm2 : float
        Units per cm².
    hairs_per_unit : tuple of float
        Shares of units with 1, 2, 3 ... hairs; need not sum to one.
    min_spacing_mm : float
        No two unit centres are nearer (hard core); made smaller when the density asks for it.
    row_spacing_mm : float
        Above 0: units stand in rows this far apart, as after transplantation.
    root_spread_mm : (low, high)
        Distance of an ostium from its unit's centre.
    tight_share, fan_share : float
        Shares of multi-hair units whose shafts touch side by side, or fan out of one ostium.
    direction_deg : float or None
        Mean direction of growth, 0 to the right, 90 downwards; None draws one per photograph.
    field_sd_deg, unit_sd_deg, within_sd_deg : float
        Smooth variation over the field, between neighbouring units, and within a unit.
    """

    density_per_cm2: float = 74.4
    hairs_per_unit: tuple[float, ...] = (0.284, 0.526, 0.175, 0.013, 0.002)
    min_spacing_mm: float = 0.75
    row_spacing_mm: float = 0.0
    root_spread_mm: tuple[float, float] = (0.03, 0.16)
    tight_share: float = 0.35
    fan_share: float = 0.15
    direction_deg: float | None = None
    field_sd_deg: float = 8.0
    unit_sd_deg: float = 6.0
    within_sd_deg: float = 8.0


@dataclass(frozen=True)
class HairSpec:
    """Diameters, lengths, curl and colour of the shafts.

    Lengths are log-normal: ``length_mm`` is the median, ``length_log_sd`` the standard deviation of
    the logarithm.  ``curl_per_mm`` is the standard deviation of curvature (1/radius).  ``colours``
    maps to shares.  ``tapered_share`` is the share of hairs with a fine uncut tip.
    """

    terminal_mean_um: float = 70.0
    terminal_sd_um: float = 13.0
    vellus_share: float = 0.08
    vellus_mean_um: float = 24.0
    vellus_sd_um: float = 5.0
    length_mm: float = 0.5
    length_log_sd: float = 0.3
    curl_per_mm: float = 0.15
    colours: tuple[tuple[HairColourName, float], ...] = (("black", 1.0),)
    tapered_share: float = 0.02
    gloss: float = 0.5


@dataclass(frozen=True)
class SkinSpec:
    """The skin: its tone, relief and what grows or shines through it.

    ``tone_srgb`` is the mean sRGB colour.  ``mottle``, ``relief``, ``shine``, ``ostium``,
    ``subsurface``, ``halo`` and ``redness`` are strengths, 0 none, 1 as on the photographs of
    shaved scalp that the defaults were set by.
    """

    tone_srgb: tuple[float, float, float] = (168.0, 150.0, 132.0)
    mottle: float = 1.0
    relief: float = 1.0
    shine: float = 1.0
    ostium: float = 1.0
    subsurface: float = 1.0
    subsurface_length_mm: float = 0.3
    halo: float = 1.0
    redness: float = 0.5
    wrinkles: float = 0.5
    vessels_per_cm2: float = 0.0
    moles_per_cm2: float = 0.0


@dataclass(frozen=True)
class SurfaceSpec:
    """What lies on the skin, per cm² of field; crumbs of scale lie at roots, per hair.

    ``crust_per_unit`` is the share of follicular units that stand in a crust, as fresh grafts do.
    """

    clippings_per_cm2: float = 0.0
    fibres_per_cm2: float = 0.0
    flakes_per_cm2: float = 0.0
    crust_per_cm2: float = 0.0
    crust_per_unit: float = 0.0
    ink_dots_per_cm2: float = 0.0
    ink_stains_per_cm2: float = 0.0
    crumbs_per_hair: float = 0.5
    bubbles_per_cm2: float = 0.0
    glare_per_cm2: float = 0.0


@dataclass(frozen=True)
class CameraSpec:
    """Light, lens, sensor and file.

    Parameters
    ----------
    exposure : float
        Factor on linear light.
    vignette : float
        Share of light lost at the corners.
    violet : float
        Strength of a violet tint towards two opposite edges, as of uneven white diodes.
    white_balance : (float, float, float)
        Factors on linear red, green, blue.
    blur_px : float
        Standard deviation of the lens blur in focus.
    tilt_blur_px : float
        Further blur, added in quadrature, where the skin is farthest out of focus.
    lift_blur_px : float
        Blur of a tip that stands out of the plane of focus; its share of hairs is half normal.
    motion_px : float
        Length of the smear by movement.
    noise : float
        Standard deviation of read noise in 8-bit steps at mid-grey; shot noise comes on top.
    sharpen, sharpen_radius_px : float
        Unsharp masking by the device.
    chroma_blur : bool
        Colour at half resolution (4:2:0) in the JPEG.
    jpeg_quality : int or None
        None leaves the photograph uncompressed.
    circle_share : float
        Above 0: a dark dermoscope aperture with this diameter over the shorter side.
    is_grey : bool
        A camera without colour.
    """

    exposure: float = 1.0
    vignette: float = 0.15
    violet: float = 0.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    blur_px: float = 1.3
    tilt_blur_px: float = 1.0
    lift_blur_px: float = 0.8
    motion_px: float = 0.0
    noise: float = 1.0
    sharpen: float = 0.3
    sharpen_radius_px: float = 1.5
    chroma_blur: bool = True
    jpeg_quality: int | None = 90
    circle_share: float = 0.0
    is_grey: bool = False


@dataclass(frozen=True)
class ScalpSpec:
    """A whole photograph: `make_scalp(spec, rng=rng)` draws it.

    ``graphics`` is what the device burns in.
    """

    px_per_mm: float = 179.5
    width_px: int = 1280
    height_px: int = 1024
    units: UnitSpec = field(default_factory=UnitSpec)
    hair: HairSpec = field(default_factory=HairSpec)
    skin: SkinSpec = field(default_factory=SkinSpec)
    surface: SurfaceSpec = field(default_factory=SurfaceSpec)
    camera: CameraSpec = field(default_factory=CameraSpec)
    graphics: GraphicsSpec | None = None

    @property
    def area_cm2(self) -> float:
        """Area of the photographed field."""
        return self.width_px * self.height_px / self.px_per_mm**2 / 100.0


@dataclass(frozen=True, eq=False)
class TrueHair:
    """One hair as it was drawn.

    Parameters
    ----------
    hair_id, unit_id : int
        From 1; ``unit_id`` is that of a `TrueUnit`.
    path_px : ndarray, shape (n, 2)
        Centre line as x, y from root to tip, about one pixel apart; may leave the photograph.
    diameter_um : float
        Edge to edge, in the widest part.
    colour : str
    is_tapered : bool
        Whether it ends in a fine tip instead of a cut end.
    visible : float
        Share of its centre line that lies in the photograph and under nothing, 0 to 1.
    uncovered : float
        Share under nothing of that part of it that lies in the photograph.
    is_root_inside : bool
        Whether the root lies in the photograph (in the aperture, where there is one).
    """

    hair_id: int
    unit_id: int
    path_px: NDArray[np.float64]
    diameter_um: float
    colour: HairColourName
    length_mm: float
    is_tapered: bool = False
    visible: float = 1.0
    uncovered: float = 1.0
    is_root_inside: bool = True

    @property
    def root(self) -> tuple[float, float]:
        """Where the shaft leaves the skin: x, y in pixels."""
        return float(self.path_px[0, 0]), float(self.path_px[0, 1])

    @property
    def tip(self) -> tuple[float, float]:
        """Free or cut end: x, y in pixels."""
        return float(self.path_px[-1, 0]), float(self.path_px[-1, 1])

    @property
    def kind(self) -> str:
        return "terminal" if self.diameter_um >= TERMINAL_FROM_UM else "vellus"


@dataclass(frozen=True)
class TrueUnit:
    """One follicular unit: the mean of its roots, and how many hairs it has."""

    unit_id: int
    x_px: float
    y_px: float
    hairs: int


@dataclass(frozen=True, eq=False)
class TrueDebris:
    """Something long and thin that is no hair: a loose clipping or a textile fibre."""

    kind: DebrisKind
    path_px: NDArray[np.float64]
    diameter_um: float


@dataclass(frozen=True, eq=False)
class ScalpScene:
    """A photograph with its truth.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        sRGB; where the spec asks for JPEG, these are the decoded pixels of ``jpeg``.
    hairs : tuple of TrueHair
        Every hair that reaches into the photograph, also when its root lies outside.
    units : tuple of TrueUnit
        Units of these hairs, with all their hairs.
    debris : tuple of TrueDebris
    coverage : ndarray of float32, shape (height, width)
        Share of each pixel that a hair covers, before any blur; debris is not in it.
    labels : ndarray of int32, shape (height, width)
        ``hair_id`` of the topmost hair that covers at least half of the pixel; 0 elsewhere.
    hidden : ndarray of bool, shape (height, width)
        Where no skin is seen: outside, and under burnt-in graphics that are more than thin lines.
    outside : ndarray of bool, shape (height, width)
        Outside the aperture, pillar-boxes and letter-boxes: the edge of the field.
    graphics : GraphicsTruth or None
        What was burnt in.
    jpeg : bytes or None
        The file, where the spec asks for JPEG.
    """

    pixels: NDArray[np.uint8]
    px_per_mm: float
    hairs: tuple[TrueHair, ...]
    units: tuple[TrueUnit, ...]
    debris: tuple[TrueDebris, ...]
    coverage: NDArray[np.float32]
    labels: NDArray[np.int32]
    hidden: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    graphics: GraphicsTruth | None = None
    jpeg: bytes | None = None
