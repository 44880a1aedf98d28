"""Light and pigment parted: what normal skin would look like under this light.

Two tools.  `part_light` parts a luminance density into smooth light and sharply bounded pigment
without knowing either; it is the classical evidence.  `normal_density` says, once lesions are
roughly known, how dense the person's own normal skin would be at every pixel: a smooth model of the
whole face fitted to skin outside the lesions, corrected by the normal skin nearby where there is
any.  Where a region has too little of its own, the model of the whole face stands alone: the
reference is borrowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spl
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Ear to ear in pixels where light and pigment are parted: a pixel is 1 mm, a lesion's border 5.
PARTING_WIDTH_PX = 128.0
#: Cost of bending of the light against jumps of the pigment.  Ten times less swallows lesions
#: whole; ten times more calls every cheek's shading pigment.
BENDING_COST = 150.0
PARTING_ROUNDS = 50
#: Step of the alternating minimisation; it changes the speed, not the result.
PARTING_STEP = 10.0

#: Polynomial degree of the whole-face model of normal skin: 15 terms follow light that falls across
#: a face, and cannot follow a patch.
MODEL_DEGREE = 4
MODEL_ROUNDS = 6
#: Reach (share of the face width) of the correction by nearby normal skin.
NEARBY_SHARE = 0.07
#: Share of normal skin in that reach at which the correction counts half.
NEARBY_HALF = 0.15
#: Reach of the half-pigmented rim round a lesion: half of the border of real ones (0.04).
RIM_SHARE = 0.02
#: Face width in pixels at which normal skin is modelled; it is smooth.
MODEL_WIDTH_PX = 200.0


@dataclass(frozen=True, eq=False)
class NormalSkin:
    """The person's own normal skin under this light.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density that normal skin would have.
    support : ndarray of float32, shape (h, w)
        0 to 1: how far it rests on normal skin nearby (1) or on the whole face (0).
    """

    density: Floats
    support: Floats


def part_light(luminance_density: Floats, skin: Mask) -> Floats:
    """Return sharply bounded pigment (density, about 0 on most normal skin) of a reduced face.

    Parameters
    ----------
    luminance_density : ndarray of float32, shape (h, w)
        log10(1 / luminance) at about `PARTING_WIDTH_PX` from ear to ear.
    skin : ndarray of bool, shape (h, w)

    Notes
    -----
    Minimises ``‖∇(d − light)‖₁ + (bending/2)·‖∇²light‖²`` over the light: light bends slowly,
    pigment is flat with sharp borders.  Alternating directions; the one linear system is factored
    once.  The pigment's zero is its 30 % quantile: on most faces normal skin is lighter and more
    than half.
    """
    count = int(skin.sum())
    number = np.full(skin.shape, -1)
    number[skin] = np.arange(count)
    gradient = _differences(number, count)
    bending = _second_differences(number, count)
    system = PARTING_STEP * (gradient.T @ gradient) + BENDING_COST * (bending.T @ bending)
    system = (system + 1e-6 * sp.eye(count)).tocsc()
    solve = spl.splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve
    density = luminance_density[skin].astype(np.float64)
    slopes = gradient @ density
    jumps = np.zeros_like(slopes)
    dual = np.zeros_like(slopes)
    light = density
    for _ in range(PARTING_ROUNDS):
        light = solve(PARTING_STEP * (gradient.T @ (slopes - jumps + dual)))
        wanted = slopes - gradient @ light + dual
        jumps = np.sign(wanted) * np.maximum(np.abs(wanted) - 1 / PARTING_STEP, 0)
        dual = wanted - jumps
    pigment = np.zeros(skin.shape, np.float32)
    part = density - light
    pigment[skin] = part - np.quantile(part, 0.3)
    return pigment


def normal_density(
    density: Floats, skin: Mask, lesion: Floats, *, face_width_px: float
) -> NormalSkin:
    """Return the density that normal skin would have at every pixel.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density, free of fine texture.
    skin : ndarray of bool, shape (h, w)
    lesion : ndarray of float32, shape (h, w)
        0 to 1: how surely a pixel is not normal.
    face_width_px : float
    """
    scale = min(1.0, MODEL_WIDTH_PX / face_width_px)
    size = (max(int(skin.shape[1] * scale), 8), max(int(skin.shape[0] * scale), 8))
    # The rim of a lesion is half pigmented: it is no normal skin either.
    side = 2 * max(round(RIM_SHARE * face_width_px), 1) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    rim = np.asarray(cv2.dilate(lesion, disc), np.float32)
    trust = np.where(skin, np.clip(1 - rim, 0, 1) ** 2, 0).astype(np.float32)
    whole = cv2.resize(skin.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    weight = np.asarray(cv2.resize(trust, size, interpolation=cv2.INTER_AREA), np.float32)
    sums = cv2.resize(density * trust[..., None], size, interpolation=cv2.INTER_AREA)
    small = np.asarray(sums / np.maximum(weight, 1e-3)[..., None], np.float32)
    model = _whole_face_model(small, weight)
    reach = NEARBY_SHARE * face_width_px * scale
    total = cv2.GaussianBlur(weight, (0, 0), reach)
    residual = (small - model) * weight[..., None]
    nearby = cv2.GaussianBlur(residual, (0, 0), reach) / np.maximum(total, 1e-6)[..., None]
    share = total / np.maximum(cv2.GaussianBlur(whole, (0, 0), reach), 1e-3)
    support = share / (share + NEARBY_HALF)
    normal = model + nearby * support[..., None]
    full = (skin.shape[1], skin.shape[0])
    return NormalSkin(
        density=np.asarray(cv2.resize(normal, full, interpolation=cv2.INTER_LINEAR), np.float32),
        support=np.asarray(cv2.resize(support, full, interpolation=cv2.INTER_LINEAR), np.float32),
    )


def _whole_face_model(density: Floats, weight: Floats) -> Floats:
    """Return a polynomial of the position, fitted robustly: what is darker pulls less."""
    height, width = weight.shape
    rows, cols = np.mgrid[:height, :width]
    used = weight > 0.05
    if used.sum() < 50:
        level = np.median(density[used], axis=0) if used.any() else np.zeros(3)
        return np.broadcast_to(level, density.shape).astype(np.float32)
    x = (cols - cols[used].mean()) / max(float(cols[used].std()), 1.0) / 2
    y = (rows - rows[used].mean()) / max(float(rows[used].std()), 1.0) / 2
    x, y = np.clip(x, -1.5, 1.5), np.clip(y, -1.5, 1.5)
    across, down = ([side**i for i in range(MODEL_DEGREE + 1)] for side in (x, y))
    terms = [across[i] * down[j] for i in range(len(across)) for j in range(len(down) - i)]
    basis = np.stack(terms, axis=-1)
    design, target, trust = basis[used], density[used].astype(np.float64), weight[used]
    robust = np.ones(len(trust))
    coefficients = np.zeros((len(terms), 3))
    for _ in range(MODEL_ROUNDS):
        root = np.sqrt(trust * robust)[:, None]
        # A breath of ridge keeps the far terms tame where little normal skin is left.
        left = np.vstack([design * root, 0.05 * np.eye(len(terms))])
        right = np.vstack([target * root, np.zeros((len(terms), 3))])
        coefficients = np.linalg.lstsq(left, right, rcond=None)[0]
        residual = (target - design @ coefficients).mean(axis=1)
        spread = 1.48 * float(np.median(np.abs(residual))) + 1e-4
        # Darker than the model is more likely a lesion that was missed than lighter is anything.
        robust = 1 / (1 + (residual / np.where(residual > 0, 1.5 * spread, 3 * spread)) ** 2)
    return np.asarray(basis @ coefficients, np.float32)


def _differences(number: NDArray[np.int_], count: int) -> sp.csr_matrix:
    """Return first differences between neighbouring skin pixels, across and down."""
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    return sp.vstack([_stencil(cells, (-1.0, 1.0), count) for cells in pairs]).tocsr()


def _second_differences(number: NDArray[np.int_], count: int) -> sp.csr_matrix:
    """Return second differences across, down and (twice, as in a Hessian's norm) mixed."""
    mixed = (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:])
    root = 2.0**0.5
    return sp.vstack(
        [
            _stencil((number[:, :-2], number[:, 1:-1], number[:, 2:]), (1.0, -2.0, 1.0), count),
            _stencil((number[:-2], number[1:-1], number[2:]), (1.0, -2.0, 1.0), count),
            _stencil(mixed, (root, -root, -root, root), count),
        ]
    ).tocsr()


def _stencil(
    cells: tuple[NDArray[np.int_], ...], factors: tuple[float, ...], count: int
) -> sp.csr_matrix:
    inside = np.all([cell >= 0 for cell in cells], axis=0)
    columns = np.stack([cell[inside] for cell in cells], axis=1)
    rows = np.repeat(np.arange(len(columns)), len(cells))
    values = np.tile(factors, len(columns))
    return sp.csr_matrix((values, (rows, columns.ravel())), shape=(len(columns), count))
