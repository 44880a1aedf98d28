"""Read one line of burnt-in text: a small convolutional network run in plain NumPy, no OCR package.

The network is trained by ``scripts/train_bar_text.py`` on text that it renders itself from freely
licensed fonts; no photograph of a patient is in it.  It sees one strip of fixed height and gives
one distribution over the alphabet for every second column; blanks and repeats collapse (CTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

#: What the network can name.  Capitals share the class of their small letter; ``□`` is any other
#: character of a CJK script.  The blank of CTC is class 0 and stands before all of them.
ALPHABET = "0123456789.,abcdefghijklmnopqrstuvwxyzµ:/-=^%+()未使用校正准標标定經经過过已□"

#: Height of the strip that the network was trained on.
STRIP_HEIGHT_PX = 24

#: Share of the strip's height that a capital letter took, on average, in training.
CAP_SHARE = 0.57

#: Below this standard deviation (grey levels) a strip is flat and holds no text.
_FLAT_LEVELS = 2.0

#: Multiplications up to which OpenBLAS does a product in one thread.
_MOST_MULTIPLICATIONS = 2**18


@dataclass(frozen=True)
class TextLine:
    """What stands in a strip.

    Parameters
    ----------
    text : str
        Characters of `ALPHABET`, in reading order; spaces are not read.
    confidences : tuple of float
        Highest probability of each character, 0 to 1.
    centres : tuple of float
        Middle of each character, in heights of the strip from its left side.
    doubts : tuple of float
        Largest probability of a character that was passed over before the first, between each two,
        and after the last character (one more than characters), no further than a strip's height.
    """

    text: str
    confidences: tuple[float, ...]
    centres: tuple[float, ...]
    doubts: tuple[float, ...]

    def part(self, first: int, last: int) -> TextLine:
        """Return the line of characters `first` to `last`, the last one included."""
        return TextLine(
            self.text[first : last + 1],
            self.confidences[first : last + 1],
            self.centres[first : last + 1],
            self.doubts[first : last + 2],
        )

    @property
    def confidence(self) -> float:
        """The least confidence of all characters; 0 of an empty line."""
        return min(self.confidences, default=0.0)


def read_strip(strip: NDArray[np.uint8]) -> TextLine:
    """Read the one line of text in a grey strip.

    Parameters
    ----------
    strip : ndarray of uint8, shape (h, w)
        Text of either polarity; capitals should take 45 to 80 % of the height.

    Returns
    -------
    TextLine
    """
    height, width = strip.shape
    if height < 2 or width < 2 or float(strip.std()) < _FLAT_LEVELS:
        return TextLine("", (), (), ())
    return decode(probabilities(normalise_strip(strip)))


def normalise_strip(strip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the strip at the network's height with mean 0 and standard deviation 1."""
    height, width = strip.shape
    new_width = max(8, round(width * STRIP_HEIGHT_PX / height))
    shrinks = height > STRIP_HEIGHT_PX
    scaled = cv2.resize(
        strip,
        (new_width + new_width % 2, STRIP_HEIGHT_PX),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    ).astype(np.float32)
    return np.asarray((scaled - scaled.mean()) / (scaled.std() + 1e-3), dtype=np.float32)


def probabilities(strip: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return P(class), shape (columns / 2, 1 + alphabet), of a normalised strip.

    Four 3×3 convolutions with ReLU, halving the height after the first three and the width after
    the first; then, with the remaining rows as channels, one convolution over five columns.
    """
    weights = _weights()
    maps = strip[:, :, None]
    for layer in range(4):
        maps = _convolve(maps, weights[f"w{layer}"], weights[f"b{layer}"], reach=(1, 1))
        if layer == 0:
            maps = np.maximum(maps[:, 0::2], maps[:, 1::2])
        if layer < 3:
            maps = np.maximum(maps[0::2], maps[1::2])
    rows = np.concatenate(list(maps), axis=1)[None]
    columns = _convolve(rows, weights["w4"], weights["b4"], reach=(0, 2))[0]
    logits = _product(columns, weights["wo"]) + weights["bo"]
    logits -= logits.max(axis=1, keepdims=True)
    exponents = np.exp(logits)
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), dtype=np.float32)


def decode(classes: NDArray[np.float32]) -> TextLine:
    """Collapse the most probable class of each column into a line of text (best path of CTC)."""
    best = classes.argmax(axis=1)
    text: list[str] = []
    confidences: list[float] = []
    spans: list[list[int]] = []
    previous = 0
    for column, index in enumerate(best.tolist()):
        if index:
            value = float(classes[column, index])
            if index == previous:
                confidences[-1] = max(confidences[-1], value)
                spans[-1][1] = column + 1
            else:
                text.append(ALPHABET[index - 1])
                confidences.append(value)
                spans.append([column, column + 1])
        previous = index
    # Two columns of the strip to one of the network.
    centres = tuple((first + last) / STRIP_HEIGHT_PX for first, last in spans)
    doubts = _doubts(1.0 - classes[:, 0], spans)
    return TextLine("".join(text), tuple(confidences), centres, doubts)


def _doubts(ink: NDArray[np.float32], spans: list[list[int]]) -> tuple[float, ...]:
    """Largest probability of ink before, between and after the columns that were read."""
    reach = STRIP_HEIGHT_PX // 2
    before = [0] + [last + 1 for _, last in spans]
    after = [first - 1 for first, _ in spans] + [len(ink)]
    if spans:
        before[0] = max(0, after[0] - reach)
        after[-1] = min(len(ink), before[-1] + reach)
    return tuple(
        float(ink[first : max(first, last)].max(initial=0.0))
        for first, last in zip(before, after, strict=True)
    )


def _convolve(
    maps: NDArray[np.float32],
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    *,
    reach: tuple[int, int],
) -> NDArray[np.float32]:
    """Convolve (rows, columns, channels) with ReLU, zeros outside.

    One matrix product for each row of the kernel, on maps whose columns were set side by side.
    """
    rows, columns, channels = maps.shape
    up, left = reach
    wide = np.zeros((rows + 2 * up, columns, 2 * left + 1, channels), np.float32)
    for tap in range(2 * left + 1):
        first, last = max(0, left - tap), columns + min(0, left - tap)
        wide[up : up + rows, first:last, tap] = maps[:, first + tap - left : last + tap - left]
    taps = kernel.reshape(2 * up + 1, (2 * left + 1) * channels, -1)
    pixels, count = wide.reshape(-1, taps.shape[1]), rows * columns
    result = _product(pixels[:count], taps[0])
    for row in range(1, 2 * up + 1):
        result += _product(pixels[row * columns : row * columns + count], taps[row])
    result += bias
    np.maximum(result, 0, out=result)
    return np.asarray(result).reshape(rows, columns, -1)


def _product(rows: NDArray[np.float32], taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``rows @ taps`` from blocks of rows so small that OpenBLAS does each in one thread.

    Whole, such a product is shared out to threads that wait for each other: on a machine with other
    work that takes a hundred times as long, and the last digit depends on their number.
    """
    across, along = taps.shape
    block = max(1, _MOST_MULTIPLICATIONS // (across * along))
    whole = len(rows) - len(rows) % block
    result = np.empty((len(rows), along), np.float32)
    np.matmul(
        rows[:whole].reshape(-1, block, across), taps, out=result[:whole].reshape(-1, block, along)
    )
    np.matmul(rows[whole:], taps, out=result[whole:])
    return result


@lru_cache(maxsize=1)
def _weights() -> dict[str, NDArray[np.float32]]:
    """The trained weights, read once per process; ``allow_pickle`` stays off."""
    source = files(__package__).joinpath("bar_text.npz")
    with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
