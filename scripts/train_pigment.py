"""Train the learned pigment segmenter on synthetic faces alone; anybody can repeat it.

    python scripts/train_pigment.py --out models/weights/pigment-1 [--images 2600] [--seed 2]

Writes ``weights.safetensors`` and ``model.json`` into FOLDER; about ten minutes on one core.  No
photograph goes in: faces come from `imaging.synthetic.portrait`, lesions from several models of
border and texture, their optical-density direction drawn within 17 degrees of the melanin
direction.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save
from torch import nn
from torch.nn import functional

from imaging.synthetic.lesions import paint_blobs
from imaging.synthetic.portrait import make_portrait
from models.pigment_features import context_features, local_features, prepare
from models.pigment_inference import MAX_DEVIATION, classify

SHAPE = (112, 80)
FACE_WIDTH_PX = 64.0
PIXELS_PER_IMAGE = 500
HIDDEN = (96, 48)
BATCH = 4096
PEAK_RATE = 3e-3
#: Shares of clear faces and of faces that are mostly covered.
CLEAR, CONFLUENT = 0.22, 0.42
#: A fainter lesion than this weighs less: 0.05 is at the edge of what can be seen.
FULL_WEIGHT_DENSITY = 0.1


def make_sample(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Return a prepared face (h, w, 4), where its lesion is (h, w), and the peak density."""
    is_patch = rng.random() < 0.12
    width = FACE_WIDTH_PX * math.exp(rng.uniform(-0.15, 0.2))
    width *= rng.uniform(1, 2) if is_patch else 1
    portrait = make_portrait(SHAPE, face_width_px=width, rng=rng, is_patch=is_patch)
    kind = rng.random()
    density, lesion, peak = portrait.density, np.zeros(SHAPE, bool), 0.0
    if kind >= CLEAR:
        peak = math.exp(rng.uniform(math.log(0.05), math.log(0.3)))
        is_confluent = kind >= 1 - CONFLUENT
        cover = rng.uniform(0.4, 0.97) if is_confluent else rng.uniform(0.02, 0.45)
        added, direction = paint_blobs(portrait, amplitude=peak, cover=cover, rng=rng)
        density = density + added[..., None] * direction
        lesion = added >= 0.5 * peak
    return prepare(density.astype(np.float32), portrait.skin), lesion, peak


class Classifier(nn.Module):
    """Three layers on standardised features."""

    def __init__(self, mean: torch.Tensor, spread: torch.Tensor) -> None:
        super().__init__()
        self.mean, self.spread = mean, spread
        sizes = (len(mean), *HIDDEN, 1)
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        values = ((features - self.mean) / self.spread).clamp(-MAX_DEVIATION, MAX_DEVIATION)
        for i, layer in enumerate(self.layers):
            values = layer(functional.relu(values) if i else values)
        return values[:, 0]

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"mean": self.mean.numpy(), "spread": self.spread.numpy()}
        for i, layer in enumerate(self.layers):
            found[f"weight{i}"] = layer.weight.detach().numpy()
            found[f"bias{i}"] = layer.bias.detach().numpy()
        return found


def train_stage(
    features: np.ndarray, lesion: np.ndarray, weight: np.ndarray, *, epochs: int
) -> tuple[dict[str, np.ndarray], float]:
    """Return the arrays of one fitted stage and its last loss."""
    x, y, w = (torch.from_numpy(a) for a in (features, lesion.astype(np.float32), weight))
    model = Classifier(x.mean(dim=0), x.std(dim=0) + 1e-3)
    optimiser = torch.optim.Adam(model.parameters())
    steps, step, losses = epochs * max(len(x) // BATCH, 1), 0, [0.0]
    for epoch in range(epochs):
        order = torch.randperm(len(x))
        losses = []
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            rate = PEAK_RATE * (0.5 + 0.5 * math.cos(math.pi * min(step / steps, 1)))
            for group in optimiser.param_groups:
                group["lr"] = max(rate, 1e-5)
            logits = model(x[rows])
            entropy = functional.binary_cross_entropy_with_logits(logits, y[rows], reduction="none")
            loss = (entropy * w[rows]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
            step += 1
        print(f"  epoch {epoch} loss {np.mean(losses):.4f}", flush=True)
    return model.arrays(), float(np.mean(losses))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--images", type=int, default=2600)
    parser.add_argument("--stages", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--seed", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    start = time.monotonic()
    samples = [make_sample(rng) for _ in range(arguments.images)]
    samples = [s for s in samples if (s[0][..., 3] > 0).sum() >= PIXELS_PER_IMAGE]
    print(f"{len(samples)} faces, {time.monotonic() - start:.0f} s", flush=True)
    found = [np.zeros(SHAPE, np.float32) for _ in samples]
    arrays: dict[str, np.ndarray] = {}
    losses = []
    for stage in range(arguments.stages):
        rows, truth, weights, picked = [], [], [], []
        for (face, lesion, peak), probability in zip(samples, found, strict=True):
            skin = face[..., 3] > 0
            features = _features(face, probability, stage)[skin]
            chosen = rng.choice(len(features), PIXELS_PER_IMAGE, replace=False)
            rows.append(features[chosen])
            truth.append(lesion[skin][chosen])
            share = min(1.0, max(0.25, peak / FULL_WEIGHT_DENSITY)) if peak else 1.0
            weights.append(np.full(PIXELS_PER_IMAGE, share, np.float32))
            picked.append(skin)
        fitted, loss = train_stage(
            np.concatenate(rows),
            np.concatenate(truth),
            np.concatenate(weights),
            epochs=arguments.epochs,
        )
        losses.append(round(loss, 5))
        arrays |= {f"{stage}.{name}": np.ascontiguousarray(a) for name, a in fitted.items()}
        print(f"stage {stage}: {loss:.4f}, {time.monotonic() - start:.0f} s", flush=True)
        _save(arguments, arrays, losses)
        if stage + 1 == arguments.stages:
            break
        for i, (face, _, _) in enumerate(samples):
            features = _features(face, found[i], stage)
            new = np.zeros(SHAPE, np.float32)
            new[picked[i]] = classify(fitted, features[picked[i]])
            found[i] = new


def _features(face: np.ndarray, probability: np.ndarray, stage: int) -> np.ndarray:
    local = local_features(face)
    if not stage:
        return local
    return np.concatenate([local, context_features(face, probability)], axis=-1)


def _save(
    arguments: argparse.Namespace, arrays: dict[str, np.ndarray], losses: list[float]
) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    content = save(arrays)
    (arguments.out / "weights.safetensors").write_bytes(content)
    record = {
        "name": arguments.out.name,
        "architecture": "three-layer classifiers in stages on the features of "
        "models/pigment_features.py",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "face_width_px": FACE_WIDTH_PX,
        "input": "optical density of linear sRGB, a quadratic surface taken off; skin mask",
        "output": "probability that a pixel has at least half the density of its lesion",
        "threshold": 0.5,
        "threshold_reason": "even odds; nothing was tuned on photographs",
        "training_data": "synthetic faces and lesions alone (imaging.synthetic.portrait)",
        "training": {
            "seed": arguments.seed,
            "images": arguments.images,
            "pixels_per_image": PIXELS_PER_IMAGE,
            "epochs": arguments.epochs,
            "losses": losses,
        },
    }
    (arguments.out / "model.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
