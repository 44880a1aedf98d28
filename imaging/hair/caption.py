"""The strip of text below a hair overlay: counts with intervals, flags, legend, scale bar."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..photo import overlay as draw
from ..photo.canvas import Colour, Pixels, text_size
from ..records import HairScore

GROUND = 24
SOFT: Colour = (190, 190, 190)
FLAGGED: Colour = draw.YELLOW
NOT_COUNTED: Colour = (205, 205, 205)

JOINT = "   ·   "

#: Share of the width that the text may fill; the scale bar stands right of it.
TEXT_SHARE = 0.68
#: Height of a line and of the headline, in heights of the text.
LINE_SHARE = 1.45
HEADLINE_SHARE = 1.3


def add_caption(pixels: Pixels, score: HairScore, *, colours: Sequence[Colour]) -> Pixels:
    """Return the overlay with a strip of text below it, shape (h + strip, w, 3).

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    score : HairScore
    colours : sequence of colour
        Of the units, for the legend.
    """
    size = draw.text_px(pixels)
    width = pixels.shape[1]
    limit = (TEXT_SHARE if math.isfinite(score.px_per_mm) else 1.0) * width
    headline = _wrapped(headline_parts(score), round(HEADLINE_SHARE * size), limit)
    details = _wrapped(detail_parts(score), size, limit)
    flags = _wrapped([f"flags: {', '.join(score.flags)}"], size, limit) if score.flags else []
    signs = _legend_rows(size, limit)
    step = LINE_SHARE * size
    heights = [HEADLINE_SHARE * step] * len(headline)
    heights += [step] * (len(details) + len(flags) + len(signs))
    strip = np.full((math.ceil(sum(heights) + size), width, 3), GROUND, dtype=np.uint8)
    lines = [(line, round(HEADLINE_SHARE * size), draw.WHITE) for line in headline]
    lines += [(line, size, SOFT) for line in details]
    lines += [(line, size, FLAGGED) for line in flags]
    y = 0.5 * size
    for (text, size_px, colour), height in zip(lines, heights, strict=False):
        strip = draw.draw_text(
            strip,
            text,
            size,
            y + height / 2,
            colour=colour,
            halo=None,
            size_px=size_px,
            anchor="lm",
        )
        y += height
    for row in signs:
        for x, kind, label in row:
            strip = _draw_sign(strip, kind, x, y + step / 2, size=size, colours=colours)
            strip = draw.draw_text(
                strip,
                label,
                x + 1.5 * size,
                y + step / 2,
                colour=SOFT,
                halo=None,
                size_px=size,
                anchor="lm",
            )
        y += step
    return draw.draw_scale_bar(
        np.vstack([pixels, strip]), score.px_per_mm, relative_error=score.scale_relative_error
    )


def headline_parts(score: HairScore) -> list[str]:
    """Return count and density, each with its 95 % interval."""
    count = f"{score.hair_count} hair{'' if score.hair_count == 1 else 's'}"
    parts = [count + _interval(score.hair_count_low, score.hair_count_high)]
    if math.isfinite(score.hair_density_per_cm2):
        density = f"{score.hair_density_per_cm2:.0f} per cm²"
        parts.append(density + _interval(score.hair_density_low, score.hair_density_high))
    else:
        parts.append("no scale, no density")
    return parts


def detail_parts(score: HairScore) -> list[str]:
    """Return the other figures that are known, in words."""
    units = score.follicular_unit_count
    told = [
        (units, f"{units:.0f} follicular unit{'' if units == 1 else 's'}"),
        (score.hairs_per_unit, f"{score.hairs_per_unit:.2f} hairs per unit"),
        (score.median_diameter_um, f"median diameter {score.median_diameter_um:.0f} µm"),
        (score.vellus_percent, f"{score.vellus_percent:.0f} % vellus"),
        (score.frame_area_cm2, f"frame {score.frame_area_cm2:.3g} cm²"),
    ]
    return [text for value, text in told if math.isfinite(value)]


def _interval(low: float, high: float) -> str:
    return f" ({low:.0f} to {high:.0f})" if math.isfinite(low) and math.isfinite(high) else ""


def _wrapped(parts: Sequence[str], size_px: int, limit_px: float) -> list[str]:
    """Return lines of parts joined by a middle dot; a part that is too long is broken at spaces."""

    def fits(line: str) -> bool:
        return size_px + text_size(line, size_px)[0] <= limit_px

    lines: list[str] = []
    for part in parts:
        if lines and fits(f"{lines[-1]}{JOINT}{part}"):
            lines[-1] += f"{JOINT}{part}"
            continue
        first, *others = part.split(" ")
        lines.append(first)
        for word in others:
            if fits(f"{lines[-1]} {word}"):
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    return lines


_LEGEND = (
    ("dot", "counted, coloured by unit"),
    ("ring", "not counted"),
    ("target", "uncertain"),
    ("hatch", "not read"),
    ("frame", "counting frame"),
)


def _legend_rows(size: int, limit_px: float) -> list[list[tuple[float, str, str]]]:
    """Return the legend's entries as rows of (x, sign, label)."""
    rows: list[list[tuple[float, str, str]]] = [[]]
    x = float(size)
    for kind, label in _LEGEND:
        needed = 1.5 * size + text_size(label, size)[0]
        if rows[-1] and x + needed > limit_px:
            rows.append([])
            x = float(size)
        rows[-1].append((x, kind, label))
        x += needed + 1.2 * size
    return rows


def _draw_sign(
    strip: Pixels, kind: str, x: float, y: float, *, size: int, colours: Sequence[Colour]
) -> Pixels:
    middle = x + 0.5 * size
    if kind == "dot":
        points = [(x + 0.15 * size, y), (x + 0.9 * size, y)]
        return draw.draw_dots(strip, points, colours=colours[:2], radius_px=0.24 * size)
    if kind == "ring":
        return draw.draw_dots(
            strip, [(middle, y)], colours=NOT_COUNTED, radius_px=0.24 * size, is_filled=False
        )
    if kind == "target":
        strip = draw.draw_dots(strip, [(middle, y)], colours=colours[0], radius_px=0.18 * size)
        return draw.draw_dots(
            strip, [(middle, y)], colours=draw.WHITE, radius_px=0.42 * size, is_filled=False
        )
    box = np.zeros(strip.shape[:2], dtype=bool)
    box[round(y - 0.4 * size) : round(y + 0.4 * size), round(x) : round(x + 1.1 * size)] = True
    if kind == "hatch":
        return draw.hatch(strip, box, opacity=0.8, width_px=size / 14)
    return draw.outline(strip, box, colour=draw.WHITE, width_px=max(1.0, size / 14))
