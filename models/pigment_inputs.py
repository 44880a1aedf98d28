"""What the pigment network looks at: a small face, its colours parted, and the place on the face.

The same planes are made in training and in use.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Steps of brightness, of blue against red and of green against both that count as 1: shading is
#: far stronger than colour, and a network that saw raw channels would look at little else.
BRIGHTNESS_STEP, YELLOW_STEP, RED_STEP = 0.15, 0.05, 0.03
#: Inputs beyond this many steps are clipped: the rest of brows and deep shadow.
MAX_STEPS = 4.0
#: Planes that `input_planes` returns.
PLANES = 10
#: The plane that changes its sign in a mirror.
ACROSS_PLANE = 4


def input_planes(density: Floats, skin: Mask, position: Floats | None) -> Floats:
    """Return the planes that the network reads, shape (10, h, w).

    Brightness, blue − red, green − (red + blue) / 2, each less its median over the skin; the skin;
    position across and down, and 1 where the position is known; the three colours once more, less
    a quadratic surface fitted to the skin: light that falls across the face tells nothing.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of linear R, G, B at the network's resolution.
    skin : ndarray of bool, shape (h, w)
        At least one pixel.
    position : ndarray of float32, shape (h, w, 2), or None
        Across (−1 to 1 from ear to ear, to the right of the picture) and down from a little above
        the middle of the eyes, in the same unit; None on a crop without a face.
    """
    planes = np.zeros((PLANES, *skin.shape), np.float32)
    planes[:3, skin] = _colours(density[skin] - np.median(density[skin], axis=0).astype(np.float32))
    planes[7:, skin] = _colours(density[skin] - _surface(density, skin))
    planes[3] = skin
    if position is not None:
        planes[4:6] = np.moveaxis(position, -1, 0)
        planes[6] = 1
    return planes


def _colours(density: Floats) -> Floats:
    """Return brightness, yellow and red of densities (n, 3) in steps, clipped, shape (3, n)."""
    red, green, blue = density.T
    steps = (
        (red + green + blue) / (3 * BRIGHTNESS_STEP),
        (blue - red) / YELLOW_STEP,
        (green - 0.5 * (red + blue)) / RED_STEP,
    )
    return np.asarray(np.clip(np.stack(steps), -MAX_STEPS, MAX_STEPS), np.float32)


def _surface(density: Floats, skin: Mask) -> Floats:
    """Return the quadratic surface nearest to each channel over the skin, shape (n, 3)."""
    rows, cols = np.nonzero(skin)
    spread = max(float(rows.std() + cols.std()), 1.0)
    y, x = (rows - rows.mean()) / spread, (cols - cols.mean()) / spread
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    # A breath of ridge on the slopes keeps a narrow strip of skin from bending the surface.
    normal = basis.T @ basis + 1e-3 * len(basis) * np.diag([0.0, 1, 1, 1, 1, 1])
    target = density[skin].astype(np.float64)
    return np.asarray(basis @ np.linalg.solve(normal, basis.T @ target), np.float32)
