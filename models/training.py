"""Fit the hair network: its loss, its schedule, and the averaged weights that are kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .networks import DIRECTIONS, HairNet, ShaftMaps

#: Errors of an end are taken in units of this length, mm, plus this share of its distance: an end
#: must be exact where it is near, and only about right from afar.
NEAR_ERROR_MM, FAR_ERROR = 0.03, 0.12
#: Widths are taken in units of this length, mm.
WIDTH_ERROR_MM = 0.02
#: Weights of the parts of the loss: each falls to about the same size.
CORE, AWAY, WAY, HEAT, WIDTH = 1.0, 0.7, 0.7, 1.0, 0.15
#: A direction's truth is spread over its neighbours with this standard deviation, in steps.
DIRECTION_SPREAD = 0.8
#: Share of the schedule over which the rate rises.
WARM_UP = 0.06
AVERAGING = 0.99
LARGEST_GRADIENT = 2.0


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs and truth, float32 arrays; shapes as in the network's input and output.

    ``density`` (n, 3, 2h, 2w), ``core``, ``root_heat``, ``tip_heat``, ``width``, ``weight`` and
    ``share`` (n, 1, h, w); ``way`` (n, 2, h, w), the unit vector of growth; ``away`` (n, 2, h, w).
    """

    density: NDArray[np.float32]
    core: NDArray[np.float32]
    way: NDArray[np.float32]
    away: NDArray[np.float32]
    root_heat: NDArray[np.float32]
    tip_heat: NDArray[np.float32]
    width: NDArray[np.float32]
    weight: NDArray[np.float32]
    share: NDArray[np.float32]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: the rate rises, then falls as a cosine to nothing.

    ``minutes`` ends the schedule sooner where a machine is slow; ``threads`` of the CPU.
    """

    steps: int
    peak_rate: float = 3e-3
    minutes: float = math.inf
    threads: int = 2
    seed: int = 1


@dataclass(frozen=True)
class Progress:
    """One report of the loop: mean parts of the loss since the last one."""

    step: int
    minutes: float
    core: float
    away: float
    way: float
    heat: float
    width: float


def loss_parts(said: ShaftMaps, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the parts of the loss, each a scalar."""
    weight, core = batch["weight"], batch["core"]
    entropy = functional.binary_cross_entropy_with_logits(said.core, core, reduction="none")
    guess = torch.sigmoid(said.core) * weight
    overlap = 2.0 * (guess * core).sum() / ((guess + core * weight).sum() + 1.0)
    balance = weight * (1.0 + 2.0 * core)
    core_loss = (entropy * balance).sum() / balance.sum() * 4.0 + (1.0 - overlap) * 0.5

    on_shaft = core * weight * batch["share"]
    count = on_shaft.sum() + 1.0
    error = (said.away - batch["away"]) / (NEAR_ERROR_MM + FAR_ERROR * batch["away"])
    away_loss = (functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none")
                 * on_shaft).sum() / count / 2.0  # fmt: skip
    guess_way = functional.log_softmax(said.direction, dim=1)
    way_loss = -((_directions(batch["way"]) * guess_way).sum(dim=1, keepdim=True)
                 * on_shaft).sum() / count  # fmt: skip
    error = (said.width - batch["width"]) / WIDTH_ERROR_MM
    width_loss = (functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none")
                  * on_shaft).sum() / count  # fmt: skip

    heat_loss = said.core.new_zeros(())
    for logits, truth in ((said.root_heat, batch["root_heat"]), (said.tip_heat, batch["tip_heat"])):
        entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        # Quality focal loss (Li et al. 2020, arXiv:2006.04388): what is nearly right weighs little.
        focus = (torch.sigmoid(logits) - truth).square()
        marks = (truth * weight).sum() + 5.0
        heat_loss = heat_loss + (focus * entropy * weight).sum() / marks
    return {
        "core": core_loss,
        "away": away_loss,
        "way": way_loss,
        "heat": heat_loss,
        "width": width_loss,
    }


def _directions(way: Tensor) -> Tensor:
    """Return the share of each direction, shape (n, directions, h, w), for unit vectors."""
    angle = torch.atan2(way[:, 1:], way[:, :1]) / (2.0 * math.pi) * DIRECTIONS
    each = torch.arange(DIRECTIONS, device=way.device, dtype=way.dtype)[None, :, None, None]
    apart = torch.remainder(each - angle + DIRECTIONS / 2, DIRECTIONS) - DIRECTIONS / 2
    share = torch.exp(-0.5 * (apart / DIRECTION_SPREAD).square())
    return share / share.sum(dim=1, keepdim=True)


def train(
    batches: Iterator[Batch],
    schedule: Schedule,
    *,
    report: Callable[[Progress], None],
    keep: Callable[[bytes, int], None],
    report_every: int = 50,
    keep_every: int = 200,
) -> bytes:
    """Fit a network and return its averaged weights as a safetensors file.

    Parameters
    ----------
    batches : iterator of Batch
    schedule : Schedule
    report, keep : callable
        Told of the loss, and given the averaged weights, every so many steps.
    """
    torch.manual_seed(schedule.seed)
    torch.set_num_threads(schedule.threads)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = HairNet().to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = get_ema_multi_avg_fn(AVERAGING)  # type: ignore[no-untyped-call]
    averaged = AveragedModel(network, multi_avg_fn=average, use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-3)
    parts: dict[str, float] = {}
    start = time.monotonic()
    step = 0
    network.train()
    while True:
        minutes = (time.monotonic() - start) / 60.0
        done = max(step / schedule.steps, minutes / schedule.minutes)
        if done >= 1.0:
            break
        for group in optimiser.param_groups:
            group["lr"] = schedule.peak_rate * rate_at(done)
        batch = {
            name: torch.from_numpy(values).to(device)
            for name, values in vars(next(batches)).items()
        }
        said = network(batch["density"].contiguous(memory_format=torch.channels_last))
        found = loss_parts(said, batch)
        loss = (
            CORE * found["core"]
            + AWAY * found["away"]
            + WAY * found["way"]
            + HEAT * found["heat"]
            + WIDTH * found["width"]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        averaged.update_parameters(network)
        step += 1
        for name, value in found.items():
            parts[name] = parts.get(name, 0.0) + float(value.detach()) / report_every
        if step % report_every == 0:
            report(Progress(step, minutes, **parts))
            parts = {}
        if step % keep_every == 0:
            keep(as_file(averaged.module), step)
    return as_file(averaged.module)


def rate_at(done: float) -> float:
    """Return the rate as a share of its peak when this share of the schedule is done."""
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * min((done - WARM_UP) / (1.0 - WARM_UP), 1.0))


def as_file(network: nn.Module) -> bytes:
    """Return the weights as a safetensors file."""
    state = {name: value.contiguous().cpu() for name, value in network.state_dict().items()}
    return bytes(save(state))
