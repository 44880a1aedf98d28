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

#: Density beyond which brows and deep shadow are clipped, as in training.
CLIP = 1.0


@lru_cache(maxsize=2)
def _network(weights: bytes) -> PigmentNetwork:
    network = PigmentNetwork()
    network.load_state_dict(load(weights))
    return network.eval()


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
    level = np.median(density[skin], axis=0)
    image = np.where(skin[..., None], np.clip(density - level, -CLIP, CLIP), 0)
    stack = np.concatenate([image.transpose(2, 0, 1), skin[None]]).astype(np.float32)
    height, width = skin.shape
    padded = np.pad(stack, ((0, 0), (0, -height % MULTIPLE), (0, -width % MULTIPLE)))
    with torch.inference_mode():
        both = torch.from_numpy(np.stack([padded, padded[:, :, ::-1]]))
        logits = _network(weights)(both)[:, 0]
        mean = 0.5 * (logits[0] + logits[1].flip(-1))
        result = torch.sigmoid(mean).numpy()[:height, :width]
    return np.where(skin, result, 0).astype(np.float32)
