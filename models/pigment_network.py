"""The network of the learned pigment segmenter: a small U-Net over a whole face.

It sees 64 pixels from ear to ear: melasma and the light on a face are told apart by what the whole
face looks like, not by fine detail.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Channels of the levels, from full to a sixteenth of the resolution.
CHANNELS = (12, 20, 32, 48, 64)

#: Optical density of R, G, B, flattened (`pigment_inference.prepare`), and the skin mask.
INPUT_CHANNELS = 4


class _Block(nn.Sequential):
    """Two 3 × 3 convolutions."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class PigmentNetwork(nn.Module):
    """Maps (n, 4, h, w) to (n, 2, h, w): a lesion logit and the added optical density in green.

    Height and width are multiples of 16.
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = (INPUT_CHANNELS, *CHANNELS[:-1])
        self.down = nn.ModuleList(_Block(a, b) for a, b in zip(inputs, CHANNELS, strict=True))
        pairs = list(zip(CHANNELS[::-1], CHANNELS[-2::-1], strict=False))
        self.up = nn.ModuleList(_Block(deep + skip, skip) for deep, skip in pairs)
        self.head = nn.Conv2d(CHANNELS[0], 2, 1)

    def forward(self, images: Tensor) -> Tensor:
        skips: list[Tensor] = []
        features = images
        for i, block in enumerate(self.down):
            features = block(functional.max_pool2d(features, 2) if i else features)
            skips.append(features)
        for block, skip in zip(self.up, skips[-2::-1], strict=True):
            larger = functional.interpolate(
                features, scale_factor=2, mode="bilinear", align_corners=False
            )
            features = block(torch.cat([larger, skip], dim=1))
        result: Tensor = self.head(features)
        return result
