"""Run the learned pigment segmenter on one face: three small classifiers, one after the other."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load

from .pigment_features import context_features, local_features, prepare

Floats = NDArray[np.float32]

#: Features are clipped at this many standard deviations, as in training.
MAX_DEVIATION = 5.0


@lru_cache(maxsize=2)
def _stages(weights: bytes) -> tuple[dict[str, Floats], ...]:
    """Return the arrays of each stage: mean, spread, and weight and bias of three layers."""
    arrays = load(weights)
    count = 1 + max(int(name.split(".")[0]) for name in arrays)
    return tuple(
        {name.split(".", 1)[1]: a for name, a in arrays.items() if name.startswith(f"{stage}.")}
        for stage in range(count)
    )


def predict(weights: bytes, density: Floats, skin: NDArray[np.bool_]) -> Floats:
    """Return the probability of a lesion, shape (h, w), float32; 0 off the skin.

    Every filter is the same in a mirror, and so is the result.

    Parameters
    ----------
    weights : bytes
        A checked safetensors file.
    density : ndarray of float32, shape (h, w, 3)
        Optical density at the model's resolution.
    skin : ndarray of bool, shape (h, w)
    """
    result = np.zeros(skin.shape, np.float32)
    if not skin.any():
        return result
    face = prepare(density, skin)
    local = local_features(face)
    for number, stage in enumerate(_stages(weights)):
        features = local
        if number:
            features = np.concatenate([local, context_features(face, result)], axis=-1)
        result = np.where(skin, 0, result).astype(np.float32)
        result[skin] = classify(stage, features[skin])
    return result


def classify(stage: dict[str, Floats], features: Floats) -> Floats:
    """Return the probability of each row of features, shape (n, k) → (n,)."""
    deviation = (features - stage["mean"]) / stage["spread"]
    values = np.clip(deviation, -MAX_DEVIATION, MAX_DEVIATION)
    for layer in ("0", "1", "2"):
        values = values @ stage[f"weight{layer}"].T + stage[f"bias{layer}"]
        if layer != "2":
            values = np.maximum(values, 0)
    # Clipped before the exponential: probabilities beyond 1e-13 mean nothing.
    return np.asarray(1 / (1 + np.exp(-np.clip(values[:, 0], -30, 30))), np.float32)
