"""Train the learned pigment segmenter on synthetic faces alone; anybody can repeat it.

    python scripts/train_pigment.py --out models/weights/pigment-2 [--seed 2]

Writes ``weights.safetensors`` and ``model.json`` into FOLDER; about 0.4 seconds a step on one free
core.  Two stages: with normalisation by batches and a high rate, then with normalisations at rest
and a lower one.  ``--vary STEPS`` adds a third, on lesions of more families, on poor photographs,
in a deeper network and with the area in its loss: an experiment (docs/benchmarks_face.md), not part
of pigment-2.  ``--start FOLDER`` begins with the third, from the weights in FOLDER.
No photograph goes in: faces come from `imaging.synthetic.portrait`, lesions from several models of
border and texture, their optical-density direction drawn within 17 degrees of the melanin
direction.  Faces are kept in a pool that is renewed all the time; lesions are painted afresh.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.numpy import load, save
from torch import Tensor, nn
from torch.nn import functional

from imaging.synthetic.development import develop
from imaging.synthetic.lesion_shapes import paint_shapes
from imaging.synthetic.lesions import paint_blobs
from imaging.synthetic.portrait import Portrait, make_portrait
from models.pigment_inference import DENSITY_UNIT, last_planes
from models.pigment_inputs import ACROSS_PLANE, input_planes
from models.pigment_network import PigmentNet, folded_arrays, unfold

SHAPE = (96, 80)
FACE_WIDTH_PX = 64.0
BATCH = 16
#: Layers of the network in the first two stages.
FIRST_LAYERS = ((1, 2, 2, 2, 2), (1, 1, 1, 1))
#: Highest learning rate of the first and of the second stage.
PEAK_RATES = (4e-3, 1e-3)
WARM_UP_STEPS = 200
WEIGHT_DECAY = 1e-3
#: The weights that are kept are the running mean of those that were learned.
MEAN_DECAY = 0.99
POOL, NEW_PER_STEP, FIRST_FACES = 4000, 1, 600
#: Shares of crops without a face, of clear faces, of lesions of any cover (the others are small),
#: and of faces whose position is told.
CROPS, CLEAR, ANY_COVER, POSITION_KNOWN = 0.12, 0.2, 0.8, 0.9
#: A fainter lesion than this weighs less: 0.05 is at the edge of what can be seen.
FULL_WEIGHT_DENSITY = 0.1
#: Landmarks are wrong by about this much, in face coordinates.
POSITION_ERROR = 0.05
DENSITY_LOSS = 0.5
#: Faces on which the density is fitted once more at the end.
REFIT_FACES = 1500
REFINE_STEPS = 2000
#: The third stage: highest rate; shares of poor photographs and of covers below 20 % and above
#: 55 % (the rest are any); least and greatest density; the least that has full weight.
VARY_RATE = 1.5e-3
POOR, SMALL_COVER, LARGE_COVER = 0.4, 0.3, 0.3
FAINTEST, STRONGEST, VARY_FULL_WEIGHT = 0.035, 0.3, 0.05
#: Weight of the error of the area of a zone, and how much steeper than its probability a pixel
#: counts for the area: what is reported is the area, and it is cut at even odds.
AREA_LOSS, AREA_STEEPNESS = 0.5, 3.0
#: A zone with less skin than this (pixels) has no area to speak of.
LEAST_ZONE_PX = 40

Arrays = dict[str, np.ndarray]
Sampler = Callable[[Portrait, bool, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000, help="of the first stage")
    parser.add_argument(
        "--refine", type=int, default=REFINE_STEPS, help="steps of the second stage"
    )
    parser.add_argument("--vary", type=int, default=0, help="steps of the third stage")
    parser.add_argument("--start", type=Path, help="folder of weights to begin the third with")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.start and not arguments.vary:
        parser.error("--start begins with the third stage: say its steps by --vary.")
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(arguments.seed)
    # The stages draw from generators of their own: the last is the same whoever did the others.
    seed = arguments.seed
    rngs = [np.random.default_rng(part) for part in (seed, (seed, 1), (seed, 2))]
    curve: list[list[float]] = []

    def keep(arrays: Arrays) -> None:
        write_model(arguments.out, arrays, arguments, curve)

    if arguments.start is None:
        network = PigmentNet(*FIRST_LAYERS).to(memory_format=torch.channels_last).train()
        network = train(
            network, arguments.steps, PEAK_RATES[0], make_sample, rngs[0], curve, keep
        ).eval()
        if arguments.refine:
            network = train(
                network, arguments.refine, PEAK_RATES[1], make_sample, rngs[1], curve, keep
            )
        arrays = refit_density(arrays_of(network), make_sample, rngs[1])
        keep(arrays)
    else:
        arrays = load((arguments.start / "weights.safetensors").read_bytes())
        contract = json.loads((arguments.start / "model.json").read_text(encoding="utf-8"))
        curve += contract["training"]["curve_of_step_entropy_density_error"]
    if arguments.vary:
        network = PigmentNet().to(memory_format=torch.channels_last).eval()
        unfold(network, {name: torch.from_numpy(array) for name, array in arrays.items()})
        network = train(
            network, arguments.vary, VARY_RATE, make_varied_sample, rngs[2], curve, keep
        )
        keep(refit_density(arrays_of(network), make_varied_sample, rngs[2]))


def train(
    network: PigmentNet,
    steps: int,
    peak_rate: float,
    sampler: Sampler,
    rng: np.random.Generator,
    curve: list[list[float]],
    keep: Callable[[Arrays], None],
) -> PigmentNet:
    """Return the running mean of the network over one stage; `curve` grows, `keep` is told."""
    mean = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY)
    pool = [make_face(rng) for _ in range(FIRST_FACES)]
    before = curve[-1][0] if curve else 0
    start, recent = time.monotonic(), []
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, steps, peak_rate)
        renew(pool, rng)
        planes, truth = batch(pool, sampler, rng)
        loss, parts = losses(network(planes), truth)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        follow(mean, network, min(MEAN_DECAY, (1 + step) / (10 + step)))
        recent.append(parts)
        if step % 100 == 99 or step + 1 == steps:
            entropy, error = np.mean(recent, axis=0)
            curve.append([before + step + 1, round(float(entropy), 4), round(float(error), 4)])
            recent = []
            passed = time.monotonic() - start
            print(f"step {step + 1}: {entropy:.4f} {error:.4f}, {passed:.0f} s", flush=True)
            keep(arrays_of(mean))
    return mean


def arrays_of(network: PigmentNet) -> Arrays:
    """Return the folded weights as they are stored."""
    return {name: array.numpy() for name, array in folded_arrays(network).items()}


def refit_density(arrays: Arrays, sampler: Sampler, rng: np.random.Generator) -> Arrays:
    """Return the weights with the density's last layer fitted by least squares.

    Training on absolute errors finds the patches, but tells the median: too little wherever the
    network is unsure.  The mean over a patch has to be right, and least squares gives the mean.
    """
    normal, product = 0.0, 0.0
    for _ in range(REFIT_FACES):
        planes, truth = sampler(*make_face(rng), rng)
        skin = truth[2] > 0
        seen = last_planes(arrays, planes)[:, skin].astype(np.float64)
        seen = np.vstack([seen, np.ones(seen.shape[1])])
        normal = normal + seen @ seen.T
        product = product + seen @ truth[1][skin]
    found = np.linalg.solve(normal + 1e-6 * np.trace(normal) * np.eye(len(normal)), product)
    fitted = {name: array.copy() for name, array in arrays.items()}
    fitted["head.weight"][1, :, 0, 0] = found[:-1]
    fitted["head.bias"][1] = found[-1]
    return fitted


def make_face(rng: np.random.Generator) -> tuple[Portrait, bool]:
    """Return a clear face or a crop of skin, and whether it is a crop; with enough skin to see."""
    while True:
        is_crop = rng.random() < CROPS
        width = FACE_WIDTH_PX * math.exp(rng.uniform(-0.15, 0.2))
        width *= rng.uniform(1, 2) if is_crop else 1
        portrait = make_portrait(SHAPE, face_width_px=width, rng=rng, is_patch=is_crop)
        if portrait.skin.sum() >= 500:
            return portrait, is_crop


def renew(pool: list[tuple[Portrait, bool]], rng: np.random.Generator) -> None:
    """Put new faces into the pool, in place of old ones once it is full."""
    for _ in range(NEW_PER_STEP):
        if len(pool) < POOL:
            pool.append(make_face(rng))
        else:
            pool[rng.integers(len(pool))] = make_face(rng)


def batch(
    pool: list[tuple[Portrait, bool]], sampler: Sampler, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return input planes (n, 10, h, w), and lesion, added density and weight (n, 3, h, w)."""
    pairs = [sampler(*pool[rng.integers(len(pool))], rng) for _ in range(BATCH)]
    planes, truth = (torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))
    return planes.contiguous(memory_format=torch.channels_last), truth


def make_sample(
    portrait: Portrait, is_crop: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paint a lesion, or none, on a clear face."""
    density, added, peak = portrait.density, np.zeros(SHAPE, np.float32), 0.0
    if rng.random() >= CLEAR:
        peak = math.exp(rng.uniform(math.log(0.04), math.log(0.3)))
        cover = rng.uniform(0.02, 0.97 if rng.random() < ANY_COVER else 0.3)
        added, direction = paint_blobs(portrait, amplitude=peak, cover=cover, rng=rng)
        density = density + added[..., None] * direction
    is_known = not is_crop and rng.random() < POSITION_KNOWN
    planes = input_planes(density, portrait.skin, misplaced(portrait, rng) if is_known else None)
    lesion = (added >= 0.5 * peak) & (peak > 0)
    weight = min(1.0, max(0.25, peak / FULL_WEIGHT_DENSITY)) if peak else 1.0
    truth = np.stack([lesion, added / DENSITY_UNIT, portrait.skin * weight]).astype(np.float32)
    return _either_way(planes, truth, rng)


def make_varied_sample(
    portrait: Portrait, is_crop: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paint a lesion of any family, or none, and photograph it well or badly.

    The truth has a fourth plane: the zone of each pixel, for the error of the area.
    """
    density, added, peak = portrait.density, np.zeros(SHAPE, np.float32), 0.0
    direction = np.ones(3, np.float32)
    if rng.random() >= CLEAR:
        peak = math.exp(rng.uniform(math.log(FAINTEST), math.log(STRONGEST)))
        kind = rng.random()
        low = 0.55 if kind >= 1 - LARGE_COVER else 0.02
        cover = rng.uniform(low, 0.2 if kind < SMALL_COVER else 0.97)
        added, direction = paint_shapes(portrait, amplitude=peak, cover=cover, rng=rng)
        density = density + added[..., None] * direction
    lesion = (added >= 0.5 * peak) & (peak > 0)
    if rng.random() < POOR:
        # What the photograph shows of the lesion counts, not what the skin has of it.
        added, density, contrast = develop(density, added, direction, rng=rng)
        peak *= contrast
    is_known = not is_crop and rng.random() < POSITION_KNOWN
    planes = input_planes(density, portrait.skin, misplaced(portrait, rng) if is_known else None)
    weight = min(1.0, max(0.25, peak / VARY_FULL_WEIGHT)) if peak else 1.0
    truth = np.stack(
        [lesion, added / DENSITY_UNIT, portrait.skin * weight, zones(portrait)]
    ).astype(np.float32)
    return _either_way(planes, truth, rng)


def zones(portrait: Portrait) -> np.ndarray:
    """Return 1 to 4 on forehead, cheeks and chin, 0 elsewhere, about where regions are drawn."""
    u, v = portrait.u, portrait.v
    cheek = (np.abs(u) > 0.15) & (v > -0.1) & (v <= 0.85)
    zone = np.where(cheek, np.where(u < 0, 2, 3), 0)
    zone[v < -0.45] = 1
    zone[(v > 0.85) & (np.abs(u) < 0.6)] = 4
    return zone


def _either_way(
    planes: np.ndarray, truth: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return planes and truth, or their mirror image."""
    if rng.random() < 0.5:
        planes, truth = planes[..., ::-1].copy(), truth[..., ::-1].copy()
        planes[ACROSS_PLANE] *= -1
    return planes, truth


def misplaced(portrait: Portrait, rng: np.random.Generator) -> np.ndarray:
    """Return face coordinates (h, w, 2) that are as wrong as landmarks make them."""
    stretch = 1 + POSITION_ERROR * rng.standard_normal(2)
    shift = POSITION_ERROR * rng.standard_normal(2)
    turn = 0.6 * POSITION_ERROR * rng.standard_normal()
    u, v = portrait.u * stretch[0] + shift[0], portrait.v * stretch[1] + shift[1]
    return np.stack([u + turn * v, v - turn * u], axis=-1).astype(np.float32)


def losses(found: Tensor, truth: Tensor) -> tuple[Tensor, tuple[float, float]]:
    """Return the loss, and its parts: cross-entropy of the lesion, error of the density."""
    lesion, added, weight = truth[:, :3].unbind(dim=1)
    entropy = functional.binary_cross_entropy_with_logits(found[:, 0], lesion, reduction="none")
    entropy = (entropy * weight).sum() / weight.sum()
    skin = (weight > 0).float()
    error = ((found[:, 1] - added).abs() * skin).sum() / skin.sum()
    parts = float(entropy.detach()), float(error.detach())
    total = entropy + DENSITY_LOSS * error
    if truth.shape[1] > 3:
        total = total + AREA_LOSS * area_error(found[:, 0], lesion, skin, truth[:, 3])
    return total, parts


def area_error(logit: Tensor, lesion: Tensor, skin: Tensor, zone: Tensor) -> Tensor:
    """Return the mean error of the area of a zone, 0 to 1.

    Cross-entropy alone calls a sheet clear wherever it is less than sure of it, and it is unsure
    of a whole photograph at once.  The absolute error of an area is least at its median.
    """
    kinds = torch.arange(1, 5, dtype=zone.dtype)
    masks = (zone[:, None] == kinds[None, :, None, None]).float() * skin[:, None]
    difference = torch.sigmoid(AREA_STEEPNESS * logit) - lesion
    count = masks.sum(dim=(2, 3))
    share = (masks * difference[:, None]).sum(dim=(2, 3)) / count.clamp(min=1)
    counts = (count >= LEAST_ZONE_PX).float()
    return (share.abs() * counts).sum() / counts.sum().clamp(min=1)


def learning_rate(step: int, steps: int, peak_rate: float) -> float:
    """Return the rate of a step: a short rise, then half a cosine down to nothing."""
    fall = 0.5 + 0.5 * math.cos(math.pi * step / steps)
    return min(1.0, (step + 1) / WARM_UP_STEPS) * fall * peak_rate + 1e-6


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the running mean of the weights towards the network's."""
    for old, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if old.dtype.is_floating_point:
            old.mul_(decay).add_(new, alpha=1 - decay)
        else:
            old.copy_(new)


def write_model(
    folder: Path, arrays: Arrays, arguments: argparse.Namespace, curve: list[list[float]]
) -> None:
    """Write weights and contract, for use as they stand."""
    folder.mkdir(parents=True, exist_ok=True)
    content = save(arrays)
    (folder / "weights.safetensors").write_bytes(content)
    record = {
        "name": folder.name,
        "architecture": "encoder and decoder of models/pigment_network.py",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "face_width_px": FACE_WIDTH_PX,
        "input": "planes of models/pigment_inputs.py",
        "output": "probability that a pixel has at least half the density of its lesion; density",
        "threshold": 0.5,
        "threshold_reason": "even odds; nothing was tuned on photographs",
        "training_data": "synthetic faces and lesions alone (imaging.synthetic.portrait)",
        "training": {
            "seed": arguments.seed,
            "steps": [arguments.steps, arguments.refine, arguments.vary],
            "batch": BATCH,
            "curve_of_step_entropy_density_error": curve,
        },
    }
    (folder / "model.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
