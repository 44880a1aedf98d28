"""The network that reads hairs: a compact fully convolutional encoder and decoder.

It sees optical density over the local skin, and says for every second pixel how sure it is that the
middle of a shaft lies there, and where along that shaft its root and its tip are.  Every pixel of a
shaft votes for the same two ends: hairs that touch or cross share no votes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Output pixels are this many input pixels wide.
STRIDE = 2
#: The deepest grid is this many input pixels wide: inputs are padded to multiples of it.
GRAIN = 16
#: Output channels, in order: what each means stands in `ShaftMaps`.
CHANNELS = 8


class ShaftMaps(NamedTuple):
    """What the network says, tensors of shape (n, channels, h / STRIDE, w / STRIDE).

    ``core``: logit that the pixel lies in the middle part of a shaft, 1 channel.  ``root``,
    ``tip``: vector to the ends of that shaft in mm, or to the point of it that is `REACH_MM` along
    the shaft away when the end is farther, x and y.  ``root_heat``, ``tip_heat``: logits that an
    end lies here.  ``width``: diameter of the shaft in mm.
    """

    core: Tensor
    root: Tensor
    tip: Tensor
    root_heat: Tensor
    tip_heat: Tensor
    width: Tensor


#: Ends farther along the shaft than this are not pointed at.
REACH_MM = 1.0


class HairNet(nn.Module):
    """Maps of shafts from optical density, shape (n, 3, h, w), h and w multiples of `GRAIN`.

    Parameters
    ----------
    widths : tuple of int
        Channels at 2, 4, 8 and 16 input pixels.
    head : int
        Channels before the output.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (24, 48, 64, 96), head: int = 32):
        super().__init__()
        fine, middle, coarse, deep = widths
        self.enter = _Block(3 * STRIDE**2, fine)
        self.down1 = _Block(fine, middle)
        self.down2 = _Block(middle, coarse)
        self.down3 = _Block(coarse, deep, dilation=2)
        self.up2 = _layer(deep + coarse, coarse)
        self.up1 = _layer(coarse + middle, middle)
        self.up0 = _layer(middle + fine, head)
        self.out = nn.Conv2d(head, CHANNELS, 1)
        # Most pixels show no shaft: start from that, so that the first steps do not learn it.
        with torch.no_grad():
            self.out.bias.zero_()
            self.out.bias[[0, 5, 6]] = -4.0

    def forward(self, density: Tensor) -> ShaftMaps:
        fine = self.enter(functional.pixel_unshuffle(density, STRIDE))
        middle = self.down1(functional.max_pool2d(fine, 2))
        coarse = self.down2(functional.max_pool2d(middle, 2))
        deep = self.down3(functional.max_pool2d(coarse, 2))
        coarse = self.up2(torch.cat([_doubled(deep), coarse], dim=1))
        middle = self.up1(torch.cat([_doubled(coarse), middle], dim=1))
        fine = self.up0(torch.cat([_doubled(middle), fine], dim=1))
        return ShaftMaps(*torch.split(self.out(fine), [1, 2, 2, 1, 1, 1], dim=1))


class _Block(nn.Sequential):
    def __init__(self, before: int, after: int, dilation: int = 1):
        super().__init__(_layer(before, after), _layer(after, after, dilation))


def _layer(before: int, after: int, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")
