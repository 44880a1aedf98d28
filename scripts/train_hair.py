"""Train the network that chooses hairs among traced lines, on generated scalps alone.

    python scripts/train_hair.py [--name hair-5] [--validate DIR]

makes the folder models/weights/NAME.  Lines that are traced on generated scalps are samples, with
some of the true hairs chosen already; truth is the nearest hair that is not.  Its confidence is
then fitted on scenes that it did not see.  `--validate DIR` (photographs and hairs.csv, as in the
benchmark) chooses on the frames 00-19 alone how far ends are drawn inwards and the level from which
a line is a hair; without it stated defaults are kept.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
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

from hair_training.model_folder import choose_judging, fit_judging, write_model
from hair_training.samples import LEVELS, Samples, crowded_scene, processes, sample_scene
from imaging.errors import DermetryError
from models.line_network import LineNet
from models.registry import WEIGHTS_FOLDER

#: Errors of an end: blunt below this, told in this unit, no more than so many units.
BLUNT_MM, ERROR_MM, MOST_ERROR, ERROR_WEIGHT = 0.01, 0.03, 8.0, 0.7
#: A line is of a hair whose ends lie nearer than the first and not beyond the second, mm.
SURELY_MM, NOT_BEYOND_MM = 0.08, 0.16
#: So far from it to the sides, mm: a line between two hairs is neither.
SURELY_BESIDE_MM, NOT_BESIDE_MM = 0.025, 0.055
BATCH, PEAK_RATE, WARM_UP = 128, 3e-3, 0.05
#: Points of the curve, and scenes between two lines on the screen.
REPORTS, TOLD_SCENES = 30, 100
#: Scenes on which the confidence is fitted, after those of the training.
FITTED_SCENES = 400


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
    away = torch.from_numpy(samples.away_mm)
    is_hair = _share(away, SURELY_MM, NOT_BEYOND_MM) * _share(
        moves[..., 1].abs().mean(dim=1), SURELY_BESIDE_MM, NOT_BESIDE_MM
    )
    is_near = (away < NOT_BEYOND_MM).float()
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
        seen, truth = windows[chosen].float() / LEVELS - 1, moves[chosen].clone()
        if rng.random() < 0.5:
            seen = seen.flip(-1)
            truth[..., 1] *= -1
        # Either end may come first.
        turned = torch.from_numpy(rng.random(BATCH) < 0.5)
        seen[turned], truth[turned] = seen[turned].flip(1), truth[turned].flip(1)
        # Gain and noise, so that no photograph is far from what was seen.
        seen[:, :, :2] *= 1 + 0.1 * torch.randn(len(seen), 1, 1, 1, 1)
        seen[:, :, :2] += 0.03 * torch.randn(seen[:, :, :2].shape)
        told_values = values[chosen] + 0.05 * torch.randn(len(seen), values.shape[1])
        loss = _loss(*network(seen, told_values), truth, is_hair[chosen], is_near[chosen])
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


def _share(value: Tensor, surely: float, not_beyond: float) -> Tensor:
    """Return 1 up to one value, 0 from the other on, and between them what lies between."""
    return torch.clamp((not_beyond - value) / (not_beyond - surely), 0.0, 1.0)


def _loss(said: Tensor, logit: Tensor, truth: Tensor, is_hair: Tensor, is_near: Tensor) -> Tensor:
    error = torch.sqrt(((said - truth) ** 2).sum(dim=-1) + BLUNT_MM**2).mean(dim=1)
    near = torch.clamp(error / ERROR_MM, max=MOST_ERROR)
    entropy = nn.functional.binary_cross_entropy_with_logits(logit, is_hair)
    return ERROR_WEIGHT * (near * is_near).sum() / (is_near.sum() + 1.0) + entropy


def draw_samples(scenes: int, *, seed: int, workers: int, told: Callable[[str], None]) -> Samples:
    """Return the samples of so many scenes; each has a generator of numbers of its own."""
    found: list[Samples] = []
    with processes(workers) as pool:
        drawn = pool.map(_draw, [(seed, k) for k in range(scenes)], chunksize=8)
        for k, samples in enumerate(drawn):
            if samples is not None:
                found.append(samples)
            if (k + 1) % TOLD_SCENES == 0:
                told(f"scene {k + 1}")
    return Samples.of_all(found)


def _draw(number: tuple[int, int]) -> Samples | None:
    rng = np.random.default_rng(number)
    try:
        return sample_scene(crowded_scene(rng), rng)
    except DermetryError:
        return None  # Nothing of this scene can be read.


def main() -> None:
    """Draw, trace, train, fit, choose, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--name", default="hair-5", help="of the model, hair-VERSION")
    parser.add_argument("--scenes", type=int, default=5500)
    parser.add_argument("--steps", type=int, default=30000, help=f"of {BATCH} lines each")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--validate", type=Path, metavar="DIR")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    told = lambda line: print(line, flush=True)  # noqa: E731
    start = time.monotonic()
    samples = draw_samples(given.scenes, seed=given.seed, workers=given.workers, told=told)
    told(f"{len(samples.windows)} samples after {(time.monotonic() - start) / 60:.1f} minutes")
    weights, curve = train(samples, steps=given.steps, seed=given.seed, told=told)
    new_scenes = range(given.scenes, given.scenes + FITTED_SCENES)
    judging = fit_judging(weights, new_scenes, seed=given.seed, workers=given.workers, told=told)
    training = {
        "seed": given.seed,
        "scenes": given.scenes,
        "samples": len(samples.windows),
        "steps": given.steps,
        "batch": BATCH,
        "minutes": round((time.monotonic() - start) / 60, 1),
        "machine": f"{given.workers} processes for scenes, 1 thread for steps, "
        f"{platform.machine()}",
        "curve_of_step_loss": curve,
    }
    folder = WEIGHTS_FOLDER / given.name
    # Written at once, so that photographs that cannot be read cost no training.
    write_model(folder, weights, judging, training)
    if given.validate is not None:
        write_model(folder, weights, choose_judging(weights, judging, given.validate), training)
    told(str(folder))


if __name__ == "__main__":
    main()
