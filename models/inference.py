"""Run the hair network on optical density of any size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .networks import HairNet

Maps = NDArray[np.float32]

#: Input pixels are an optical density between these: brighter is reflection, darker is black.
LEAST_DENSITY, MOST_DENSITY = -0.9, 2.0
#: Tiles are this large, and overlap by twice the margin, beyond which nothing is seen of a pixel.
TILE_PX, MARGIN_PX = 1024, 176


@dataclass(frozen=True, eq=False)
class HairMaps:
    """What the network says; arrays of float32, their pixels `stride` input pixels wide.

    Parameters
    ----------
    core, root_heat, tip_heat : ndarray, shape (h, w)
        Probabilities of the middle of a shaft, a root and a tip.
    ends : ndarray, shape (4, h, w)
        Root x, y and tip x, y of the shaft that passes here, in mm from the pixel's centre: its
        lengths to both ends along the way that it grows here.
    width_mm : ndarray, shape (h, w)
    stride : int
    reach_mm : float
        Ends farther away along the shaft are said to be this far.
    """

    core: Maps
    ends: Maps
    root_heat: Maps
    tip_heat: Maps
    width_mm: Maps
    stride: int
    reach_mm: float


def limit_density(density: Maps, valid: NDArray[np.bool_]) -> Maps:
    """Return density, shape (h, w, 3), as the network was trained on it; 0 where not valid."""
    limited: Maps = np.clip(density, LEAST_DENSITY, MOST_DENSITY)
    limited[~valid] = 0.0
    return limited


def predict(weights: bytes, density: Maps, *, tile_px: int = TILE_PX) -> HairMaps:
    """Return what the network says of a photo at its working scale.

    Parameters
    ----------
    weights : bytes
        A checked safetensors file.
    density : ndarray of float32, shape (h, w, 3)
        Optical density over the local skin, as `limit_density` returns it.
    tile_px : int
        Larger photos go through in tiles; the result is that of the whole.
    """
    import torch  # noqa: PLC0415 - seconds to import, and not every run needs it

    from .networks import CHANNELS, GRAIN, REACH_MM, STRIDE  # noqa: PLC0415

    network = _network(weights)
    device = next(network.parameters()).device
    height, width = density.shape[:2]
    padded = np.pad(density, ((0, -height % GRAIN), (0, -width % GRAIN), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // STRIDE, padded.shape[1] // STRIDE
    whole = np.empty((sum(CHANNELS), rows, columns), np.float32)
    with torch.inference_mode():
        for seen, kept in _tiles(padded.shape[:2], tile_px, GRAIN):
            part = torch.from_numpy(np.ascontiguousarray(padded[seen].transpose(2, 0, 1)))
            part = part[None].to(device, memory_format=torch.channels_last)
            found = torch.cat(list(network(part)), dim=1)[0].cpu().numpy()
            inner = tuple(
                slice((k.start - s.start) // STRIDE, (k.stop - s.start) // STRIDE)
                for s, k in zip(seen, kept, strict=True)
            )
            outer = tuple(slice(k.start // STRIDE, k.stop // STRIDE) for k in kept)
            whole[(slice(None), *outer)] = found[(slice(None), *inner)]
    kept_rows, kept_columns = -(-height // STRIDE), -(-width // STRIDE)
    whole = whole[:, :kept_rows, :kept_columns]
    core, direction, away, root_heat, tip_heat, width = np.split(whole, np.cumsum(CHANNELS)[:-1])
    return HairMaps(
        core=_probability(core[0]),
        ends=_ends(direction, np.maximum(away, 0.0)),
        root_heat=_probability(root_heat[0]),
        tip_heat=_probability(tip_heat[0]),
        width_mm=np.maximum(width[0], 0.0),
        stride=STRIDE,
        reach_mm=REACH_MM,
    )


def _ends(logits: Maps, away: Maps) -> Maps:
    """Return the vectors to root and tip, shape (4, h, w).

    The axis is the mean of the doubled angles, so that doubt which end is the root does not turn
    it; the likelier way round is then taken.
    """
    share = np.exp(logits - logits.max(axis=0))
    angle = np.arange(len(logits)) * (2.0 * np.pi / len(logits))
    x, y, x2, y2 = (
        np.tensordot(f(k * angle).astype(np.float32), share, axes=1)
        for k in (1.0, 2.0)
        for f in (np.cos, np.sin)
    )
    axis = 0.5 * np.arctan2(y2, x2)
    cos, sin = np.cos(axis), np.sin(axis)
    forward = np.where(x * cos + y * sin >= 0, 1.0, -1.0)
    cos, sin = cos * forward, sin * forward
    ends: Maps = np.stack([-cos * away[0], -sin * away[0], cos * away[1], sin * away[1]])
    return ends.astype(np.float32, copy=False)


def _probability(logit: Maps) -> Maps:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))), np.float32)


def _tiles(
    shape: tuple[int, ...], tile: int, grain: int
) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Give what a tile sees and what is kept of it, both in input pixels on the deepest grid."""
    margin = -(-MARGIN_PX // grain) * grain
    step = max(tile // grain * grain, grain)

    def spans(length: int) -> list[tuple[slice, slice]]:
        return [
            (slice(max(start - margin, 0), min(start + step + margin, length)),
             slice(start, min(start + step, length)))
            for start in range(0, length, step)
        ]  # fmt: skip

    for seen_rows, kept_rows in spans(shape[0]):
        for seen_columns, kept_columns in spans(shape[1]):
            yield (seen_rows, seen_columns), (kept_rows, kept_columns)


@lru_cache(maxsize=2)
def _network(weights: bytes) -> HairNet:
    """Return the network with these weights, in the form that runs fastest."""
    import torch  # noqa: PLC0415
    from safetensors.torch import load  # noqa: PLC0415

    from .networks import HairNet  # noqa: PLC0415

    # One thread: sums in another order would change digits, and workers share the cores anyway.
    torch.set_num_threads(1)
    network = HairNet()
    network.load_state_dict(load(weights))
    network.eval()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
