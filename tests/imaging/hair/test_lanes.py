"""A band of two hairs side by side has a line along each, as far as it can be read."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.hair.evidence import ShaftEvidence
from imaging.hair.lanes import lanes_of_bands
from imaging.hair.lines import STEP_PX, Lines
from imaging.settings import HairSettings

PX_PER_MM = 110.0


def band(readable_rows: slice) -> tuple[Lines, ShaftEvidence]:
    """Return a line along the middle of a band of 18 px, and the evidence."""
    darkness = np.zeros((80, 200), np.float32)
    darkness[31:49, 20:180] = 1.0
    valid = np.zeros(darkness.shape, bool)
    valid[readable_rows] = True
    evidence = ShaftEvidence(darkness, darkness.copy(), (), valid, PX_PER_MM, 1.0)
    x = np.arange(24.0, 176.0, STEP_PX, dtype=np.float32)
    points = np.column_stack([x, np.full_like(x, 39.5)])
    lines = Lines(points, np.zeros(len(x), np.float32), np.array([len(x)]), np.ones(1, np.float32))
    return lines, evidence


def test_a_band_as_wide_as_two_hairs_has_two_lanes() -> None:
    lines, evidence = band(slice(None))
    lanes = lanes_of_bands(lines, evidence, 9 / PX_PER_MM, HairSettings())
    assert len(lanes) == 2
    rows = sorted(
        float(np.median(part)) for part in np.split(lanes.points[:, 1], lanes.starts[1:-1])
    )
    assert rows == pytest.approx([35.0, 44.0], abs=1.0)


def test_lanes_that_cannot_be_read_are_none() -> None:
    lines, evidence = band(slice(38, 42))
    assert len(lanes_of_bands(lines, evidence, 9 / PX_PER_MM, HairSettings())) == 0
