"""Find a 24-patch colour chart in a photo, verify that all of it is seen, and correct the colour.

`cv2.mcc` proposes charts; it also reports half-hidden ones with a low cost, so a proposal is placed
exactly and then judged by how well one linear colour correction explains all 24 patches.

References
----------
McCamy 1976, J Appl Photogr Eng 2:95 (the chart); reference values: its published sRGB values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from ..settings import PhotoSettings
from .colour import lab_of, linear_light, srgb_pixels

Floats = NDArray[np.float64]

#: sRGB of the 24 patches, row by row: dark skin … bluish green, …, white … black.
REFERENCE_SRGB = np.array(
    [
        [115, 82, 68], [194, 150, 130], [98, 122, 157],
        [87, 108, 67], [133, 128, 177], [103, 189, 170],
        [214, 126, 44], [80, 91, 166], [193, 90, 99],
        [94, 60, 108], [157, 188, 64], [224, 163, 46],
        [56, 61, 150], [70, 148, 73], [175, 54, 60],
        [231, 199, 31], [187, 86, 149], [8, 133, 161],
        [243, 243, 242], [200, 200, 200], [160, 160, 160],
        [122, 122, 121], [85, 85, 85], [52, 52, 52],
    ],
    dtype=np.uint8,
)  # fmt: skip

#: Patch centres over the chart's box: patches 2.5 wide, 0.25 apart, in a box of 16.75 × 11.25.
_CENTRES = np.array(
    [
        [(1.5 + 2.75 * col) / 16.75, (1.5 + 2.75 * row) / 11.25]
        for row in range(4)
        for col in range(6)
    ]
)

#: Where a patch is read, in box units around its centre: a ring, because charts carry marks and
#: glare in the middle of a patch as well as at its border.
_PROBES = np.array([[x, y] for y in (-0.045, 0.0, 0.045) for x in (-0.03, 0.0, 0.03)])

#: The chart is searched at this longest side; charts smaller than 40 px there cannot be read.
SEARCH_SIDE_PX = 1200

#: Small photos are enlarged for the search: its square finder needs sides of some 10 px.
MAX_ENLARGEMENT = 2.0

#: Exposures that the search tries: as it is, and the shadows opened (a dark chart on black).
SEARCH_GAMMAS = (1.0, 0.5)

#: Above this cost `cv2.mcc` proposes anything square.
MAX_COST = 0.11

#: Shares of the chart's side by which its corners are moved while it is placed.
PLACING_STEPS = (0.06, 0.03, 0.015, 0.007)


@dataclass(frozen=True, eq=False)
class ColourChart:
    """What was found of a colour chart.

    ``status`` is ``"none"``, ``"refused"`` (seen, but half hidden or not fitting) or
    ``"verified"``.  ``delta_e_before`` and ``delta_e_after`` are the mean CIEDE2000 of the patches
    to their reference values; ``matrix`` maps linear RGB rows to corrected linear RGB.
    """

    status: str = "none"
    corners_px: tuple[tuple[float, float], ...] = ()
    delta_e_before: float = math.nan
    delta_e_after: float = math.nan
    matrix: Floats = field(default_factory=lambda: np.eye(3))

    @property
    def flags(self) -> tuple[str, ...]:
        """Flags for a photo whose colour rests on this chart."""
        if self.status == "verified":
            return ()
        refused = ("colour_chart_refused",) if self.status == "refused" else ()
        return (*refused, "uncalibrated_colour")


def find_chart(pixels: NDArray[np.uint8], *, settings: PhotoSettings) -> ColourChart:
    """Find, verify and fit a 24-patch chart, at any rotation.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright sRGB.
    settings : PhotoSettings
        ``chart_max_delta_e``: mean CIEDE2000 after correction at which a chart is verified.

    Returns
    -------
    ColourChart
    """
    scale = min(MAX_ENLARGEMENT, SEARCH_SIDE_PX / max(pixels.shape[:2]))
    small = pixels
    if scale != 1:
        kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        small = _bytes(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=kind))
    smooth: Floats | None = None
    best: tuple[float, Floats] | None = None
    for gamma in SEARCH_GAMMAS:
        for box in _proposals(small, gamma=gamma):
            if smooth is None:
                smooth = linear_light(_bytes(cv2.medianBlur(small, 3))).astype(np.float64)
            placed = _place(smooth, box)
            if best is None or placed[0] < best[0]:
                best = placed
        if best is not None and best[0] <= settings.chart_max_delta_e:
            break
    if smooth is None or best is None:
        return ColourChart()
    corners = tuple((float(x) / scale, float(y) / scale) for x, y in best[1])
    patches = _patches(smooth, best[1])
    if patches is None:
        return ColourChart(status="refused", corners_px=corners)
    matrix = _fit_matrix(patches)
    before = float(_difference(patches).mean())
    after = float(_difference(patches @ matrix).mean())
    is_verified = after <= settings.chart_max_delta_e and after < before
    return ColourChart(
        status="verified" if is_verified else "refused",
        corners_px=corners,
        delta_e_before=before,
        delta_e_after=after,
        matrix=matrix if is_verified else np.eye(3),
    )


def correct_colour(pixels: NDArray[np.uint8], chart: ColourChart) -> NDArray[np.uint8]:
    """Return the pixels as the chart says they should be; unchanged without a verified chart."""
    if chart.status != "verified":
        return pixels
    return srgb_pixels(linear_light(pixels) @ chart.matrix.astype(np.float32))


def _proposals(pixels: NDArray[np.uint8], *, gamma: float) -> list[Floats]:
    table = np.round(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    detector = cv2.mcc.CCheckerDetector.create()
    detector.setColorChartType(cv2.mcc.MCC24)
    image = cv2.cvtColor(cv2.LUT(pixels, table), cv2.COLOR_RGB2BGR)
    if not detector.process(image, 3):
        return []
    found = detector.getListColorChecker()
    return [np.array(c.getBox(), np.float64).reshape(4, 2) for c in found if c.getCost() < MAX_COST]


def _place(linear: Floats, box: Floats) -> tuple[float, Floats]:
    """Return the misfit (mean CIEDE2000 after correction) and the corners of the placed chart.

    The four orders of the corners are tried, then each corner is moved in shrinking steps as long
    as that explains the patches better.
    """
    turned = [np.roll(box, k, axis=0) for k in range(4)]
    corners = min(turned, key=lambda c: _misfit(linear, c))
    cost = _misfit(linear, corners)
    side = float(np.linalg.norm(corners[1] - corners[0]))
    moves = [(i, axis, sign) for i in range(4) for axis in range(2) for sign in (-1, 1)]
    for step in PLACING_STEPS:
        has_moved = True
        rounds = 0
        while has_moved and rounds < 3:
            has_moved = False
            rounds += 1
            for i, axis, sign in moves:
                trial = corners.copy()
                trial[i, axis] += sign * step * side
                trial_cost = _misfit(linear, trial)
                if trial_cost < cost:
                    corners, cost, has_moved = trial, trial_cost, True
    return cost, corners


def _misfit(linear: Floats, corners: Floats) -> float:
    patches = _patches(linear, corners)
    if patches is None:
        return math.inf
    weights = 1.0 / (_REFERENCE + 0.05).mean(axis=1, keepdims=True)
    matrix = np.linalg.lstsq(patches * weights, _REFERENCE * weights, rcond=None)[0]
    return float(_difference(patches @ matrix).mean())


def _patches(linear: Floats, corners: Floats) -> Floats | None:
    """Return the linear colour of the 24 patches, or None when the box leaves the picture."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    transform = cv2.getPerspectiveTransform(unit, corners.astype(np.float32))
    points = (_CENTRES[:, None, :] + _PROBES[None, :, :]).reshape(-1, 1, 2)
    placed = cv2.perspectiveTransform(points, transform).reshape(-1, 2)
    cols = np.floor(placed[:, 0]).astype(int)
    rows = np.floor(placed[:, 1]).astype(int)
    height, width = linear.shape[:2]
    if rows.min() < 0 or cols.min() < 0 or rows.max() >= height or cols.max() >= width:
        return None
    probes = linear[rows, cols].reshape(24, len(_PROBES), 3)
    return np.asarray(np.median(probes, axis=1))


def _fit_matrix(patches: Floats) -> Floats:
    """Return the 3 × 3 matrix that `cv2.ccm` fits between linear patches and reference (ΔE00)."""
    model = cv2.ccm.ColorCorrectionModel(
        patches.reshape(24, 1, 3),
        (REFERENCE_SRGB / 255.0).reshape(24, 1, 3),
        cv2.ccm.COLOR_SPACE_SRGB,
    )
    model.setCcmType(cv2.ccm.CCM_LINEAR)
    model.setLinearization(cv2.ccm.LINEARIZATION_IDENTITY)  # the patches are linear already
    model.setDistance(cv2.ccm.DISTANCE_CIE2000)
    model.setInitialMethod(cv2.ccm.INITIAL_METHOD_LEAST_SQUARE)
    return np.asarray(model.compute(), np.float64)


def _bytes(image: object) -> NDArray[np.uint8]:
    return np.ascontiguousarray(image, np.uint8)


def _difference(linear: Floats) -> Floats:
    measured = lab_of(np.clip(linear, 0, 1).astype(np.float32).reshape(1, -1, 3))[0]
    difference: Callable[..., object] = deltaE_ciede2000  # untyped in its package
    return np.asarray(difference(measured, _REFERENCE_LAB), np.float64)


_REFERENCE: Floats = linear_light(REFERENCE_SRGB).astype(np.float64)
_REFERENCE_LAB = lab_of(linear_light(REFERENCE_SRGB).reshape(1, -1, 3))[0]
