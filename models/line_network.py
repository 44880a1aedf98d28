"""The network that judges traced lines and sets their ends, and how it is run."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor, nn

Maps = NDArray[np.float32]

#: Planes of a window, places along and across it, and values of a line.
PLANES, ALONG, ACROSS, VALUES = 4, 51, 19, 11
#: Moves are told in this unit, mm.
MOVE_UNIT_MM = 0.1
#: Lines that are looked at in one go: what they need stays near the processor.
_LINES_AT_ONCE = 32


class LineNet(nn.Module):
    """Moves of both ends, mm, and the logit of a hair, from windows and values.

    Layers by the names they have in the weights: ``e`` sees one window, ``p`` sums up what it saw,
    ``h`` judges both ends and the values of the line together, either end first: which way a line
    runs makes no difference.
    """

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Sequential(
            _layer(PLANES, 16, (2, 1)),
            _layer(16, 24, (2, 2)),
            _layer(24, 32, (1, 1)),
            nn.MaxPool2d((2, 1)),
            _layer(32, 32, (1, 1)),
            nn.Flatten(),
        )
        size = self.e(torch.zeros(1, PLANES, ALONG, ACROSS)).shape[1]
        self.p = nn.Sequential(nn.Linear(size, 64), nn.ReLU())
        self.h = nn.Sequential(nn.Linear(2 * 64 + VALUES, 96), nn.ReLU(), nn.Linear(96, 5))

    def forward(self, windows: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        count = len(windows)
        # Channels last: a third faster on a processor.
        ends = windows.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        seen = self.p(self.e(ends)).view(count, 2, -1)
        one, other = (
            self.h(torch.cat([both.flatten(1), values], dim=1)) for both in (seen, seen.flip(1))
        )
        moves = one[:, :4].view(count, 2, 2) + other[:, :4].view(count, 2, 2).flip(1)
        return moves * (MOVE_UNIT_MM / 2), (one[:, 4] + other[:, 4]) / 2


def _layer(before: int, after: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.ReLU())


def judge_lines(
    weights: bytes, windows: Maps, values: Maps, *, unlikely: float = -math.inf
) -> tuple[Maps, Maps]:
    """Return how far both ends of each line move, mm (n, 2, 2), and the logit of a hair (n,).

    The mean of what is said of each line and of its mirror image; of the line alone where that is
    below ``unlikely``.
    """
    moves, logits = _look(weights, windows, values)
    likely = np.flatnonzero(logits >= unlikely)
    mirrored, again = _look(weights, windows[likely][..., ::-1], values[likely])
    mirrored[..., 1] *= -1
    moves[likely] = 0.5 * (moves[likely] + mirrored)
    logits[likely] = 0.5 * (logits[likely] + again)
    return moves, logits


def _look(weights: bytes, windows: Maps, values: Maps) -> tuple[Maps, Maps]:
    network, mean, spread = _network(weights)
    moves = np.empty((len(windows), 2, 2), np.float32)
    logits = np.empty(len(windows), np.float32)
    for start in range(0, len(windows), _LINES_AT_ONCE):
        part = slice(start, start + _LINES_AT_ONCE)
        seen = torch.from_numpy(np.ascontiguousarray(windows[part]))
        told = (torch.from_numpy(values[part]) - mean) / spread
        with torch.inference_mode():
            move, logit = network(seen, told)
        moves[part], logits[part] = move.numpy(), logit.numpy()
    return moves, logits


@lru_cache(maxsize=2)
def _network(weights: bytes) -> tuple[LineNet, Tensor, Tensor]:
    # One thread: sums in another order would change digits, and workers share the cores anyway.
    torch.set_num_threads(1)
    arrays = load(weights)
    mean, spread = arrays.pop("values.mean"), arrays.pop("values.spread")
    network = LineNet()
    network.load_state_dict(arrays)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return network.eval(), mean, spread
