"""Train the learned pigment segmenter on synthetic faces alone; anybody can repeat it.

    python scripts/train_pigment.py --out FOLDER --minutes 25 [--seed 1] [--threads 1]

Writes ``weights.safetensors`` and ``training.json`` into FOLDER.  No photograph goes in: faces come
from `imaging.synthetic.portrait`, lesions from two models of border and texture, their
optical-density direction drawn within 17 degrees of the melasma vector.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional

from imaging.synthetic.portrait import make_portrait, paint_blobs
from models.pigment_inference import prepare
from models.pigment_network import PigmentNetwork

SHAPE = (112, 80)
FACE_WIDTH_PX = 64.0
BATCH = 8
PEAK_RATE = 3e-3


def make_sample(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Return input (4, h, w), density (h, w) in green, and the lesion's peak density."""
    is_patch = rng.random() < 0.12
    width = (
        FACE_WIDTH_PX * math.exp(rng.uniform(-0.15, 0.2)) * (rng.uniform(1, 2) if is_patch else 1)
    )
    portrait = make_portrait(SHAPE, face_width_px=width, rng=rng, is_patch=is_patch)
    kind = rng.random()
    added = np.zeros(SHAPE, np.float32)
    density = portrait.density
    peak = 0.0
    if kind >= 0.25:
        peak = math.exp(rng.uniform(math.log(0.035), math.log(0.3)))
        cover = rng.uniform(0.02, 0.45) if kind < 0.8 else rng.uniform(0.4, 0.95)
        added, direction = paint_blobs(portrait, amplitude=peak, cover=cover, rng=rng)
        density = density + added[..., None] * direction
    stack = prepare(density.astype(np.float32), portrait.skin)
    return stack, added, peak


def make_batch(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    samples = [make_sample(rng) for _ in range(BATCH)]
    images = torch.from_numpy(np.stack([s[0] for s in samples]))
    added = torch.from_numpy(np.stack([s[1] for s in samples]))
    peaks = torch.tensor([s[2] for s in samples], dtype=torch.float32)
    return images, added, peaks


def loss_of(
    output: torch.Tensor, images: torch.Tensor, added: torch.Tensor, peaks: torch.Tensor
) -> torch.Tensor:
    """Return cross entropy at half the peak plus the error of the density, over the skin."""
    skin = images[:, 3]
    peak = peaks[:, None, None]
    lesion = ((added >= 0.5 * peak) & (peak > 0)).float()
    entropy = functional.binary_cross_entropy_with_logits(output[:, 0], lesion, reduction="none")
    # A lesion of 0.03 is at the edge of what can be seen: it must not rule the fit.
    weight = torch.where(peak > 0, (peak / 0.1).clamp(0.25, 1.0), torch.ones_like(peak))
    error = (output[:, 1] - added).abs()
    return ((entropy * weight + 8.0 * error) * skin).sum() / skin.sum().clamp(min=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    rng = np.random.default_rng(arguments.seed)
    network = PigmentNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-4)
    arguments.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    step, recent = 0, []
    while (share := (time.monotonic() - start) / (60 * arguments.minutes)) < 1:
        rate = PEAK_RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * share))
        for group in optimiser.param_groups:
            group["lr"] = max(rate, 1e-5)
        images, added, peaks = make_batch(rng)
        network.train()
        loss = loss_of(network(images), images, added, peaks)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        recent.append(float(loss.detach()))
        if step % 100 == 0:
            print(f"{step} {share:.2f} loss {np.mean(recent[-100:]):.4f}", flush=True)
        if step % 300 == 0:
            _save(network, arguments, step, recent)
    _save(network, arguments, step, recent)


def _save(
    network: PigmentNetwork, arguments: argparse.Namespace, step: int, recent: list[float]
) -> None:
    save_file(network.state_dict(), arguments.out / "weights.safetensors")
    record = {
        "seed": arguments.seed,
        "steps": step,
        "batch": BATCH,
        "face_width_px": FACE_WIDTH_PX,
        "final_loss": round(float(np.mean(recent[-300:])), 5),
    }
    (arguments.out / "training.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
