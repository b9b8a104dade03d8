"""The loss barrier: how high the loss rises between two networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray


def loss_barriers(losses: ArrayLike) -> FloatArray:
    """Return the largest excess of the losses on each line over those between its ends' losses.

    Args:
        losses: `(n_lines, n_points)` at evenly spaced points, both ends among them.

    Returns:
        float64 `(n_lines,)`, at least 0, which the ends have; nan where a loss is not finite.

    Raises:
        ValueError: there are not two points, or losses are of another shape.

    Example:
        >>> loss_barriers([[0.0, 3.0, 2.0], [1.0, 1.0, 1.0]])
        array([2., 0.])

    Reference:
        Frankle et al. 2020, arXiv 1912.05671; Entezari et al. 2022, arXiv 2110.06296.
    """
    lines = np.asarray(losses, dtype=np.float64)
    if lines.ndim != 2 or lines.shape[1] < 2:
        raise ValueError(f"`losses` must have shape (n_lines, n_points >= 2), got {lines.shape}")
    share = np.linspace(0.0, 1.0, lines.shape[1])
    with np.errstate(invalid="ignore"):
        between = lines[:, :1] * (1.0 - share) + lines[:, -1:] * share
        excess = lines - between
        # Exactly, whatever the sums above round to.
        excess[:, [0, -1]] *= 0.0
    return np.asarray(np.where(np.isfinite(lines).all(axis=1), excess.max(axis=1), np.nan))
