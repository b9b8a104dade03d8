"""Mean and spread of pixels, in little memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHUNK = 1024
"""Images looked at together."""

NOTHING = 1e-12
"""Variance that is rounding."""


def channel_statistics(
    images: NDArray[np.generic], chosen: NDArray[np.bool_], value_range: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation of each channel of the chosen images.

    Args:
        images: `(n, channels, height, width)`, may be a memory map.
        chosen: `(n,)`.
        value_range: what pixels are divided by.

    Returns:
        Both `(channels,)`, of `images / value_range`.
    """
    n_channels = images.shape[1]
    total, squares, n_pixels = np.zeros(n_channels), np.zeros(n_channels), 0
    rows = np.flatnonzero(chosen)
    for first in range(0, len(rows), CHUNK):
        pixels = images[rows[first : first + CHUNK]].astype(np.float64) / value_range
        total += pixels.sum(axis=(0, 2, 3))
        squares += np.square(pixels).sum(axis=(0, 2, 3))
        n_pixels += pixels[:, 0].size
    mean = total / n_pixels
    variance = squares / n_pixels - mean**2
    # Where pixels do not vary rounding leaves a little, or less than nothing.
    variance[variance < NOTHING] = 0
    return tuple(mean.tolist()), tuple(np.sqrt(variance).tolist())
