"""The network that judges traced lines and sets their ends, and how it is run."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor, nn

Maps = NDArray[np.float32]

#: Planes of a window, places along and across it, and values of a line.
PLANES, ALONG, ACROSS, VALUES = 4, 51, 19, 13
#: Moves are told in this unit, mm.
MOVE_UNIT_MM = 0.1
#: Planes are limited to these shares of a line's darkness.
LEAST_SHARE, MOST_SHARE = -1.0, 2.0


class LineNet(nn.Module):
    """Moves of both ends, mm, and the logit of a hair, from windows and values.

    Layers by the names they have in the weights: ``e`` sees one window and the side it is on, ``p``
    sums up what it saw, ``h`` judges both ends and the values of the line together.
    """

    def __init__(self) -> None:
        super().__init__()
        self.e = nn.Sequential(
            _layer(PLANES + 1, 16, (2, 1)),
            _layer(16, 24, (2, 2)),
            _layer(24, 32, (1, 1)),
            nn.MaxPool2d((2, 1)),
            _layer(32, 32, (1, 1)),
            nn.Flatten(),
        )
        size = self.e(torch.zeros(1, PLANES + 1, ALONG, ACROSS)).shape[1]
        self.p = nn.Sequential(nn.Linear(size, 64), nn.ReLU())
        self.h = nn.Sequential(nn.Linear(2 * 64 + VALUES, 96), nn.ReLU(), nn.Linear(96, 5))

    def forward(self, windows: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        count = len(windows)
        side = torch.zeros(count, 2, 1, *windows.shape[3:])
        side[:, 1] = 1.0
        seen = self.p(self.e(torch.cat([windows, side], dim=2).flatten(0, 1))).view(count, -1)
        said = self.h(torch.cat([seen, values], dim=1))
        return said[:, :4].view(count, 2, 2) * MOVE_UNIT_MM, said[:, 4]


def _layer(before: int, after: int, stride: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride=stride, padding=1), nn.ReLU())


def judge_lines(weights: bytes, windows: Maps, values: Maps) -> tuple[Maps, Maps]:
    """Return how far both ends of each line move, mm (n, 2, 2), and the logit of a hair (n,)."""
    network, mean, spread = _network(weights)
    limited = np.clip(windows, LEAST_SHARE, MOST_SHARE)
    with torch.inference_mode():
        moves, logits = network(
            torch.from_numpy(limited), (torch.from_numpy(values) - mean) / spread
        )
    return np.asarray(moves.numpy(), np.float32), np.asarray(logits.numpy(), np.float32)


@lru_cache(maxsize=2)
def _network(weights: bytes) -> tuple[LineNet, Tensor, Tensor]:
    # One thread: sums in another order would change digits, and workers share the cores anyway.
    torch.set_num_threads(1)
    arrays = load(weights)
    mean, spread = arrays.pop("values.mean"), arrays.pop("values.spread")
    network = LineNet()
    network.load_state_dict(arrays)
    return network.eval(), mean, spread
