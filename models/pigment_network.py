"""The network that parts melasma from light and normal skin: a small encoder and decoder.

Its deepest grid has a cell for every fourth of a face: it sees the whole face at once, without
which a cheek in shade and a cheek covered by melasma are the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .pigment_inputs import PLANES

#: Channels at 1, 2, 4, 8 and 16 input pixels.
WIDTHS = (12, 24, 48, 64, 64)
#: Layers of each level on the way down and up.  The deepest has four, so that forehead and chin are
#: compared with one another: how covered a face is cannot be told from one region.
LAYERS_DOWN, LAYERS_UP = (1, 2, 2, 3, 4), (1, 1, 2, 2)
#: Of the output: logit of a lesion; density added to normal skin, in tenths.
OUTPUTS = 2


class PigmentNet(nn.Module):
    """Maps (n, 10, h, w), sides multiples of 16, to (n, 2, h, w).

    Parameters
    ----------
    layers_down, layers_up : tuple of int
        Of each level; training begins with fewer.
    """

    def __init__(
        self,
        layers_down: tuple[int, ...] = LAYERS_DOWN,
        layers_up: tuple[int, ...] = LAYERS_UP,
    ) -> None:
        super().__init__()
        before = (PLANES, *WIDTHS[:-1])
        self.down = nn.ModuleList(
            _layers(old, new, count)
            for old, new, count in zip(before, WIDTHS, layers_down, strict=True)
        )
        self.up = nn.ModuleList(
            _layers(new + deeper, new, count)
            for (new, deeper), count in zip(itertools.pairwise(WIDTHS), layers_up, strict=True)
        )
        self.head = nn.Conv2d(WIDTHS[0], OUTPUTS, 1)

    def forward(self, planes: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for level, layers in enumerate(self.down):
            planes = layers(functional.max_pool2d(planes, 2) if level else planes)
            kept.append(planes)
        for level in reversed(range(len(self.up))):
            planes = functional.interpolate(planes, scale_factor=2.0, mode="nearest")
            planes = self.up[level](torch.cat([kept[level], planes], dim=1))
        found: Tensor = self.head(planes)
        return found


def folded_arrays(network: PigmentNet) -> dict[str, Tensor]:
    """Return the weights for use: each normalisation folded into the convolution before it."""
    arrays: dict[str, Tensor] = {}
    for name, conv, norm in _pairs(network):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        arrays[f"{name}.weight"] = conv.weight * gain[:, None, None, None]
        arrays[f"{name}.bias"] = norm.bias - norm.running_mean * gain
    arrays["head.weight"] = network.head.weight
    arrays["head.bias"] = network.head.bias  # type: ignore[assignment]
    return {name: array.detach().clone().contiguous() for name, array in arrays.items()}


def unfold(network: PigmentNet, arrays: dict[str, Tensor]) -> None:
    """Put stored weights into a network; with its normalisations at rest it then says the same.

    A layer that was not stored passes on what it is given, so a deeper network begins where a
    shallower one ended.
    """
    with torch.no_grad():
        for name, conv, norm in _pairs(network):
            if f"{name}.weight" in arrays:
                conv.weight.copy_(arrays[f"{name}.weight"])
                norm.bias.copy_(arrays[f"{name}.bias"])
            else:
                nn.init.dirac_(conv.weight)
                norm.bias.zero_()
            norm.weight.fill_(1.0)
            norm.running_mean.zero_()
            norm.running_var.fill_(1.0 - norm.eps)
        network.head.weight.copy_(arrays["head.weight"])
        network.head.bias.copy_(arrays["head.bias"])  # type: ignore[union-attr]


def _pairs(network: PigmentNet) -> Iterator[tuple[str, Any, Any]]:
    """Yield each convolution with the normalisation after it, and its name in stored weights."""
    for way, parts in (("down", network.down), ("up", network.up)):
        for level, layers in enumerate(parts):
            modules = list(layers)  # type: ignore[call-overload]
            for number, (conv, norm) in enumerate(zip(modules[::3], modules[1::3], strict=True)):
                yield f"{way}.{level}.{number}", conv, norm


def _layers(old: int, new: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(count):
        layers += [
            nn.Conv2d(new if number else old, new, 3, padding=1, bias=False),
            nn.BatchNorm2d(new),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
