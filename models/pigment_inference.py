"""Run the pigment network on one face; torch is imported only here and in training."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load

from .pigment_network import PigmentNetwork

#: The network halves its input four times.
MULTIPLE = 16

#: Density beyond which the rest of brows and deep shadow is clipped.
CLIP = 0.5

#: Inputs are flattened and scaled so that a strong lesion is about 1.
GAIN = 5.0


@lru_cache(maxsize=2)
def _network(weights: bytes) -> PigmentNetwork:
    network = PigmentNetwork()
    network.load_state_dict(load(weights))
    return network.eval()


def prepare(density: NDArray[np.float32], skin: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the network's input, shape (4, h, w), of one face or crop.

    A quadratic surface is fitted to each channel over the skin and taken off: the brightness and
    colour of the photo, and light that falls across the face, tell nothing of pigment.
    """
    rows, cols = np.nonzero(skin)
    spread = max(float(rows.std() + cols.std()), 1.0)
    grid_rows, grid_cols = np.mgrid[: skin.shape[0], : skin.shape[1]]
    y, x = (grid_rows - rows.mean()) / spread, (grid_cols - cols.mean()) / spread
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    inside = basis[skin]
    normal = inside.T @ inside + 1e-3 * len(inside) * np.eye(6) * [0, 1, 1, 1, 1, 1]
    surface = basis @ np.linalg.solve(normal, inside.T @ density[skin].astype(np.float64))
    flat = GAIN * np.clip(density - surface, -CLIP, CLIP)
    flat[~skin] = 0
    return np.concatenate([flat.transpose(2, 0, 1), skin[None]]).astype(np.float32)


def predict(
    weights: bytes, density: NDArray[np.float32], skin: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the probability of a lesion, shape (h, w), float32.

    The mean of the face and its mirror image, so that right and left are treated alike.

    Parameters
    ----------
    weights : bytes
        A checked safetensors file.
    density : ndarray of float32, shape (h, w, 3)
        Optical density at the network's resolution.
    skin : ndarray of bool, shape (h, w)
    """
    if not skin.any():
        return np.zeros(skin.shape, np.float32)
    stack = prepare(density, skin)
    height, width = skin.shape
    padded = np.pad(stack, ((0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE)))
    with torch.inference_mode():
        both = torch.from_numpy(np.stack([padded, padded[:, :, ::-1]]))
        logits = _network(weights)(both)[:, 0]
        mean = 0.5 * (logits[0] + logits[1].flip(-1))
        result = torch.sigmoid(mean).numpy()[:height, :width]
    return np.where(skin, result, 0).astype(np.float32)
