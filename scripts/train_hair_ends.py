"""Train the network that sets the ends of traced hairs, on generated scalps alone.

    python scripts/train_hair_ends.py --out FILE.safetensors [--scenes 340] [--steps 1500]

Every line that `ridges` traces on a generated scalp is a sample, with its ends as they were traced
and twice displaced; truth are the ends of the hair that it is paired with.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

# One thread: the sum of floats, and so the last digit, must not depend on the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hair_training import random_scenes
from imaging.errors import DermetryError
from imaging.hair.end_windows import MOST_LENGTH_MM, end_frames, end_windows, line_values
from imaging.hair.ends import as_ends, pair_ends
from imaging.hair.roots import find_roots
from imaging.hair.score import extract_evidence
from imaging.hair.strips import choose_strips
from imaging.hair.tracing import confidence, features, join_strips
from imaging.hair.tracks import find_tracks
from imaging.records import Photo, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.scalp import ScalpSpec, make_scalp
from models.end_network import LEAST_SHARE, MOST_SHARE, EndNet

#: Pairs of line and hair whose ends lie farther apart in the mean are none.
PAIRED_MM = 0.25
#: Lines nearer to the photo's edge, or less sure, are no samples.
BORDER_MM, LEAST_CONFIDENCE = 0.12, 0.2
#: Copies of each line, and how far the ends of all but the first are displaced, mm.
COPIES, DISPLACED_MM, SIDEWAYS_MM, MOST_DISPLACED_MM = 3, 0.05, 0.008, 0.15
#: Errors of an end: blunt below this, told in this unit, no more than so many units.
BLUNT_MM, ERROR_MM, MOST_ERROR = 0.01, 0.03, 8.0
HAIR_WEIGHT, BATCH, PEAK_RATE, WARM_UP = 0.6, 128, 3e-3, 0.05


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows (n, 2, 4, along, across), values (n, k), moves in mm (n, 2, 2), is a hair (n,)."""

    windows: NDArray[np.float32]
    values: NDArray[np.float32]
    moves: NDArray[np.float32]
    is_hair: NDArray[np.float32]


def crowded_scene(rng: np.random.Generator) -> ScalpSpec:
    """Return a shaved or clipped scalp in colour with many hairs to a unit of area."""
    while True:
        spec = random_scenes.random_scene(rng)
        if spec.hair.length_mm <= MOST_LENGTH_MM and spec.units.density_per_cm2 > 0:
            break
    units = replace(spec.units, density_per_cm2=rng.uniform(60.0, 120.0))
    return replace(spec, units=units, camera=replace(spec.camera, is_grey=False))


def sample_scene(spec: ScalpSpec, rng: np.random.Generator) -> Samples | None:
    """Return the samples of one scene; None where nothing is traced."""
    scene = make_scalp(spec, rng=rng)
    settings = Settings()
    photo = Photo("scene", scene.pixels, "", inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    shafts = extract_evidence(photo, settings).shafts
    strips, _ = choose_strips(find_tracks(shafts, settings.hair), shafts, settings.hair)
    strips = join_strips(strips, shafts, settings.hair)
    if not strips or not scene.hairs:
        return None
    rooting = find_roots(strips, shafts, settings.hair)
    sure = confidence(strips, rooting, shafts.px_per_mm)
    pairs = zip(strips, rooting.is_reversed, strict=True)
    lines = [s.points[::-1] if turned else s.points for s, turned in pairs]
    ends = np.array([line[[0, -1]] for line in lines], np.float64)
    zoom = shafts.zoom * np.array(shafts.stretch)
    truth = np.array([(hair.root, hair.tip) for hair in scene.hairs]) * zoom - 0.5
    mine, its = pair_ends(
        as_ends(ends.reshape(-1, 4)),
        as_ends(truth.reshape(-1, 4)),
        tolerance_px=PAIRED_MM * shafts.px_per_mm,
    )
    partner = np.full(len(strips), -1)
    partner[mine] = its
    margin = BORDER_MM * shafts.px_per_mm
    far = np.array(shafts.darkness.shape[::-1]) - margin
    length_mm = np.array([len(s.points) * s.step_px for s in strips]) / shafts.px_per_mm
    which = np.flatnonzero(
        ((ends > margin) & (ends < far)).all(axis=(1, 2))
        & (length_mm <= MOST_LENGTH_MM)
        & (sure >= LEAST_CONFIDENCE)
    )
    if not len(which):
        return None
    which = np.repeat(which, COPIES)
    frames = np.stack([end_frames(lines[i], strips[i].step_px, shafts.px_per_mm) for i in which])
    _displace(frames, shafts.px_per_mm, rng)
    values = line_values(strips, features(strips, rooting), sure, shafts.px_per_mm)
    away = truth[np.maximum(partner[which], 0)] - frames[..., :2]
    ux, uy = frames[..., 2], frames[..., 3]
    out = away[..., 0] * ux + away[..., 1] * uy
    left = away[..., 1] * ux - away[..., 0] * uy
    return Samples(
        end_windows(strips, frames, which, shafts),
        values[which],
        (np.stack([out, left], axis=-1) / shafts.px_per_mm).astype(np.float32),
        (partner[which] >= 0).astype(np.float32),
    )


def _displace(frames: NDArray[np.float64], px_per_mm: float, rng: np.random.Generator) -> None:
    out = np.clip(
        rng.normal(0, DISPLACED_MM, frames.shape[:2]), -MOST_DISPLACED_MM, MOST_DISPLACED_MM
    )
    left = rng.normal(0, SIDEWAYS_MM, frames.shape[:2])
    out[::COPIES] = left[::COPIES] = 0.0
    ux, uy = frames[..., 2], frames[..., 3]
    frames[..., 0] += (out * ux - left * uy) * px_per_mm
    frames[..., 1] += (out * uy + left * ux) * px_per_mm


def train(samples: Samples, *, steps: int, seed: int, told: Callable[[str], None]) -> bytes:
    """Return the averaged weights, with the mean and spread of the values, as safetensors."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    limited = np.clip(samples.windows, LEAST_SHARE, MOST_SHARE)
    windows, moves = torch.from_numpy(limited), torch.from_numpy(samples.moves)
    mean, spread = samples.values.mean(axis=0), samples.values.std(axis=0) + 1e-6
    values = torch.from_numpy((samples.values - mean) / spread)
    is_hair = torch.from_numpy(samples.is_hair)
    network = EndNet()
    optimiser = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=0.02)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    for step in range(steps):
        done = step / steps
        rate = PEAK_RATE * min(1.0, done / WARM_UP + 0.02) * 0.5 * (1 + np.cos(np.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        chosen = torch.from_numpy(rng.choice(len(windows), BATCH))
        seen, truth = windows[chosen].clone(), moves[chosen].clone()
        if rng.random() < 0.5:
            seen = seen.flip(-1)
            truth[..., 1] *= -1
        # Gain and noise, so that no photograph is far from what was seen.
        seen[:, :, :2] *= 1 + 0.1 * torch.randn(len(seen), 1, 1, 1, 1)
        seen[:, :, :2] += 0.03 * torch.randn(seen[:, :, :2].shape)
        told_values = values[chosen] + 0.05 * torch.randn(len(seen), values.shape[1])
        loss = _loss(*network(seen, told_values), truth, is_hair[chosen])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        average.update_parameters(network)
        if step % 100 == 0:
            told(f"step {step}: loss {loss.item():.3f}")
    arrays = {name: value.contiguous() for name, value in average.module.state_dict().items()}
    arrays["values.mean"] = torch.from_numpy(mean)
    arrays["values.spread"] = torch.from_numpy(spread)
    return save(arrays)


def _loss(said: Tensor, logit: Tensor, truth: Tensor, is_hair: Tensor) -> Tensor:
    error = torch.sqrt(((said - truth) ** 2).sum(dim=-1) + BLUNT_MM**2).mean(dim=1)
    near = torch.clamp(error / ERROR_MM, max=MOST_ERROR)
    entropy = nn.functional.binary_cross_entropy_with_logits(logit, is_hair)
    return (near * is_hair).sum() / (is_hair.sum() + 1.0) + HAIR_WEIGHT * entropy


def main() -> int:
    """Draw, trace, train, write; the exit code is 0."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--scenes", type=int, default=340)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    found = []
    for k in range(given.scenes):
        rng = np.random.default_rng([given.seed, k])
        try:
            sample = sample_scene(crowded_scene(rng), rng)
        except DermetryError:
            continue  # Nothing of this scene can be read.
        if sample is not None:
            found.append(sample)
    whole = Samples(
        *(
            np.concatenate([getattr(sample, name) for sample in found])
            for name in ("windows", "values", "moves", "is_hair")
        )
    )
    print(f"{len(whole.is_hair)} samples", flush=True)
    told = lambda line: print(line, flush=True)  # noqa: E731
    given.out.write_bytes(train(whole, steps=given.steps, seed=given.seed, told=told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
