"""Train the network that judges traced lines and sets their ends, on generated scalps alone.

    python scripts/train_hair.py [--name hair-3] [--validate DIR]

makes the folder models/weights/NAME.  Every line that is traced on a generated scalp, faint ones
included, is a sample, with its ends as they were traced and twice displaced; truth are the ends of
the hair that it is paired with, or that there is none.  `--validate DIR` (photographs and
hairs.csv, as in the benchmark) chooses on the frames 00-19 alone how much of each move is made and
how far ends are drawn inwards; without it stated defaults are kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# One thread: the sum of floats, and so the last digit, must not depend on the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hair_training.model_folder import Judging, choose_judging, write_model
from hair_training.samples import Samples, crowded_scene, sample_scene
from imaging.errors import DermetryError
from models.line_network import LineNet
from models.registry import WEIGHTS_FOLDER

#: Errors of an end: blunt below this, told in this unit, no more than so many units.
BLUNT_MM, ERROR_MM, MOST_ERROR = 0.01, 0.03, 8.0
HAIR_WEIGHT, BATCH, PEAK_RATE, WARM_UP = 0.6, 128, 3e-3, 0.05
#: Points of the curve, and scenes between two lines on the screen.
REPORTS, TOLD_SCENES = 30, 50


def train(
    samples: Samples, *, steps: int, seed: int, told: Callable[[str], None]
) -> tuple[bytes, list[list[float]]]:
    """Return the averaged weights as safetensors, and its curve: steps and mean loss.

    The mean and spread of the values lie beside the weights.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    windows, moves = torch.from_numpy(samples.windows), torch.from_numpy(samples.moves)
    mean, spread = samples.values.mean(axis=0), samples.values.std(axis=0) + 1e-6
    values = torch.from_numpy((samples.values - mean) / spread)
    is_hair = torch.from_numpy(samples.is_hair)
    network = LineNet()
    optimiser = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=0.02)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    curve: list[list[float]] = []
    losses: list[float] = []
    for step in range(steps):
        done = step / steps
        rate = PEAK_RATE * min(1.0, done / WARM_UP + 0.02) * 0.5 * (1 + np.cos(np.pi * done))
        for group in optimiser.param_groups:
            group["lr"] = rate
        chosen = torch.from_numpy(rng.choice(len(windows), BATCH))
        seen, truth = windows[chosen].float(), moves[chosen].clone()
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
        losses.append(loss.item())
        if len(losses) >= max(1, steps // REPORTS) or step + 1 == steps:
            curve.append([step + 1, round(float(np.mean(losses)), 3)])
            told(f"step {step + 1}: loss {curve[-1][1]}")
            losses.clear()
    arrays = {name: value.contiguous() for name, value in average.module.state_dict().items()}
    arrays["values.mean"] = torch.from_numpy(mean)
    arrays["values.spread"] = torch.from_numpy(spread)
    return save(arrays), curve


def _loss(said: Tensor, logit: Tensor, truth: Tensor, is_hair: Tensor) -> Tensor:
    error = torch.sqrt(((said - truth) ** 2).sum(dim=-1) + BLUNT_MM**2).mean(dim=1)
    near = torch.clamp(error / ERROR_MM, max=MOST_ERROR)
    entropy = nn.functional.binary_cross_entropy_with_logits(logit, is_hair)
    return (near * is_hair).sum() / (is_hair.sum() + 1.0) + HAIR_WEIGHT * entropy


def draw_samples(scenes: int, *, seed: int, told: Callable[[str], None]) -> Samples:
    """Return the samples of so many scenes; each has a generator of numbers of its own."""

    def found() -> Iterator[Samples]:
        for k in range(scenes):
            rng = np.random.default_rng([seed, k])
            if (k + 1) % TOLD_SCENES == 0:
                told(f"scene {k + 1}")
            try:
                samples = sample_scene(crowded_scene(rng), rng)
            except DermetryError:
                continue  # Nothing of this scene can be read.
            if samples is not None:
                yield samples

    return Samples.of_all(list(found()))


def main() -> None:
    """Draw, trace, train, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--name", default="hair-3", help="of the model, hair-VERSION")
    parser.add_argument("--scenes", type=int, default=1600)
    parser.add_argument("--steps", type=int, default=6000, help=f"of {BATCH} lines each")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--validate", type=Path, metavar="DIR")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    told = lambda line: print(line, flush=True)  # noqa: E731
    start = time.monotonic()
    samples = draw_samples(given.scenes, seed=given.seed, told=told)
    told(f"{len(samples.is_hair)} samples after {(time.monotonic() - start) / 60:.1f} minutes")
    weights, curve = train(samples, steps=given.steps, seed=given.seed, told=told)
    training = {
        "seed": given.seed,
        "scenes": given.scenes,
        "samples": len(samples.is_hair),
        "steps": given.steps,
        "batch": BATCH,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "machine": f"1 thread of {platform.machine()}",
        "curve_of_step_loss": curve,
    }
    folder = WEIGHTS_FOLDER / given.name
    # Written at once, so that photographs that cannot be read cost no training.
    write_model(folder, weights, Judging(), training)
    if given.validate is not None:
        write_model(folder, weights, choose_judging(weights, given.validate), training)
    told(str(folder))


if __name__ == "__main__":
    main()
