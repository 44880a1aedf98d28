"""Run the pigment network on one face, in numpy: scoring a face needs no torch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from .pigment_inputs import ACROSS_PLANE, input_planes

Floats = NDArray[np.float32]

#: The deepest grid is this many input pixels wide.
GRAIN = 16
#: The network tells added density in this unit.
DENSITY_UNIT = 0.1


@lru_cache(maxsize=2)
def _arrays(weights: bytes) -> dict[str, Floats]:
    return {name: np.asarray(a, np.float32) for name, a in load(weights).items()}


def predict(
    weights: bytes, density: Floats, skin: NDArray[np.bool_], position: Floats | None
) -> tuple[Floats, Floats]:
    """Return the probability of a lesion and the density that it adds, shape (h, w) each.

    The mean over the face and its mirror image, so that both sides are judged alike; 0 off the
    skin.

    Parameters
    ----------
    weights : bytes
        A checked safetensors file.
    density : ndarray of float32, shape (h, w, 3)
        Optical density at the model's resolution.
    skin : ndarray of bool, shape (h, w)
    position : ndarray of float32, shape (h, w, 2), or None
        As `input_planes` wants it.
    """
    if not skin.any():
        return np.zeros(skin.shape, np.float32), np.zeros(skin.shape, np.float32)
    arrays = _arrays(weights)
    planes = input_planes(density, skin, position)
    rows, cols = (-(-side // GRAIN) * GRAIN for side in skin.shape)
    padded = np.zeros((len(planes), rows, cols), np.float32)
    padded[:, : skin.shape[0], : skin.shape[1]] = planes
    mirrored = padded[..., ::-1].copy()
    mirrored[ACROSS_PLANE] *= -1
    found = 0.5 * (_outputs(arrays, padded) + _outputs(arrays, mirrored)[..., ::-1])
    logit, added = found[:, : skin.shape[0], : skin.shape[1]]
    # Clipped before the exponential: probabilities beyond 1e-13 mean nothing.
    probability = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    return (
        np.where(skin, probability, 0).astype(np.float32),
        np.where(skin, DENSITY_UNIT * np.maximum(added, 0), 0).astype(np.float32),
    )


def _outputs(arrays: dict[str, Floats], planes: Floats) -> Floats:
    weight, bias = arrays["head.weight"], arrays["head.bias"]
    last = last_planes(arrays, planes)
    return np.asarray(np.tensordot(weight[..., 0, 0], last, 1) + bias[:, None, None], np.float32)


def last_planes(arrays: dict[str, Floats], planes: Floats) -> Floats:
    """Return what the head of the network reads, of planes whose sides are multiples of `GRAIN`."""
    depth = len({name.split(".")[1] for name in arrays if name.startswith("down.")})
    kept: list[Floats] = []
    for level in range(depth):
        planes = _layers(arrays, f"down.{level}", _halved(planes) if level else planes)
        kept.append(planes)
    for level in reversed(range(depth - 1)):
        doubled = planes.repeat(2, axis=1).repeat(2, axis=2)
        planes = _layers(arrays, f"up.{level}", np.concatenate([kept[level], doubled]))
    return planes


def _layers(arrays: dict[str, Floats], name: str, planes: Floats) -> Floats:
    number = 0
    while f"{name}.{number}.weight" in arrays:
        weight, bias = arrays[f"{name}.{number}.weight"], arrays[f"{name}.{number}.bias"]
        planes = np.maximum(_convolve(planes, weight) + bias[:, None, None], 0)
        number += 1
    return planes


def _convolve(planes: Floats, weight: Floats) -> Floats:
    """Return the planes under 3 x 3 filters, zeros beyond the edge: a product for each tap.

    Rows lie one after the other with a zero on both sides, so that a tap is the same long row begun
    somewhat later, and nothing is copied for it.
    """
    count, height, width = planes.shape
    wide = width + 2
    flat = np.zeros((count, (height + 2) * wide + 2), np.float32)
    rows = flat[:, :-2].reshape(count, height + 2, wide)
    rows[:, 1:-1, 1:-1] = planes
    total = np.zeros((len(weight), height * wide), np.float32)
    for down in range(3):
        for across in range(3):
            start = down * wide + across
            tap = np.ascontiguousarray(weight[:, :, down, across])
            total += tap @ flat[:, start : start + height * wide]
    return total.reshape(-1, height, wide)[..., :width]


def _halved(planes: Floats) -> Floats:
    """Return planes at half the size: the greatest of each four pixels."""
    rows = np.maximum(planes[:, ::2], planes[:, 1::2])
    return np.asarray(np.maximum(rows[..., ::2], rows[..., 1::2]), np.float32)
