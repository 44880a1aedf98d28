"""The network that reads hairs: a compact fully convolutional encoder and decoder.

It sees optical density over the local skin, and says for every second pixel how sure it is that the
middle of a shaft lies there, which way that shaft grows, and how far its root and its tip are along
it.  Every pixel of a shaft votes for the same two ends: hairs that touch or cross share no votes.

The way is a distribution over fixed directions, not a vector: until a network can tell root from
tip, the mean of both ways is no way at all, and learning would stop there.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Output pixels are this many input pixels wide.
STRIDE = 2
#: The deepest grid is this many input pixels wide: inputs are padded to multiples of it.
GRAIN = 16
#: Directions of growth that are told apart, evenly over the circle from the x axis on.
DIRECTIONS = 24
#: Ends farther along the shaft than this are told to be this far.
REACH_MM = 1.0
#: Output channels: those of `ShaftMaps`, in its order.
CHANNELS = (1, DIRECTIONS, 2, 1, 1, 1)


class ShaftMaps(NamedTuple):
    """What the network says, tensors of shape (n, channels, h / STRIDE, w / STRIDE).

    ``core``: logit that the pixel lies in the middle part of a shaft, 1 channel.  ``direction``:
    logits of the directions of growth, `DIRECTIONS` channels.  ``away``: length of shaft from here
    to its root and to its tip in mm, up to `REACH_MM`, 2 channels.  ``root_heat``, ``tip_heat``:
    logits that an end lies here.  ``width``: diameter of the shaft in mm.
    """

    core: Tensor
    direction: Tensor
    away: Tensor
    root_heat: Tensor
    tip_heat: Tensor
    width: Tensor


#: Logit of what most pixels are not; lengths and widths of a usual clipped hair.
_RARE, _USUAL_AWAY_MM, _USUAL_WIDTH_MM = -4.0, 0.25, 0.07


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
        self.out = nn.Conv2d(head, sum(CHANNELS), 1)
        # Start from what is usual, so that the first steps need not learn it.
        usual = (_RARE, 0.0, _USUAL_AWAY_MM, _RARE, _RARE, _USUAL_WIDTH_MM)
        start = [value for value, n in zip(usual, CHANNELS, strict=True) for _ in range(n)]
        with torch.no_grad():
            nn.init.zeros_(cast(Tensor, self.out.bias)).add_(torch.tensor(start))

    def forward(self, density: Tensor) -> ShaftMaps:
        fine = self.enter(functional.pixel_unshuffle(density, STRIDE))
        middle = self.down1(functional.max_pool2d(fine, 2))
        coarse = self.down2(functional.max_pool2d(middle, 2))
        deep = self.down3(functional.max_pool2d(coarse, 2))
        coarse = self.up2(torch.cat([_doubled(deep), coarse], dim=1))
        middle = self.up1(torch.cat([_doubled(coarse), middle], dim=1))
        fine = self.up0(torch.cat([_doubled(middle), fine], dim=1))
        return ShaftMaps(*torch.split(self.out(fine), list(CHANNELS), dim=1))


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
