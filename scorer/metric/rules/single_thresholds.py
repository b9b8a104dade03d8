"""One-sided attacks on a grid of thresholds, as the competition rule makes them."""

from __future__ import annotations

import numpy as np

from scorer.metric.arrays import BoolArray
from scorer.metric.counts import surviving_ratio
from scorer.metric.grids import UniformGrids
from scorer.metric.pooled import Pooled
from scorer.metric.rules.base import SINGLE, Winners

THRESHOLDS_PER_UNIT = 100


def search_single_thresholds(
    pooled: Pooled, positive_is_oracle: BoolArray, budget: float, winners: Winners
) -> None:
    """Try "positive if confidence >= t" for every t of each example's grid.

    The grid runs from the smallest to the largest pooled value in `ceil(100 range)` points. Error
    counts change only where a threshold passes a value, so that the first grid point above each
    value stands for all points up to the next.

    Args:
        pooled: positive bank first. The positive class is the one with the larger median.
        positive_is_oracle: `(n_examples,)`.
        budget: `n_models * (1 - delta)`.
        winners: updated in place.
    """
    values = pooled.values
    n_examples, n_values = values.shape
    lowest, highest = values[:, :1], values[:, -1:]
    grid = UniformGrids(lowest, highest, np.ceil((highest - lowest) * THRESHOLDS_PER_UNIT))
    passed = grid.first_above(values)
    # Of the values passed by one and the same threshold, the last carries the complete counts.
    complete = passed < grid.count
    complete[:, :-1] &= passed[:, :-1] != passed[:, 1:]
    missed = pooled.first_before[:, 1:]
    caught = (n_values // 2) - (np.arange(1, n_values + 1) - missed)
    ratio = np.where(complete, surviving_ratio(caught, missed, budget), -np.inf)
    rows = np.arange(n_examples)
    best = ratio.argmax(axis=1)
    winners.take(
        examples=rows,
        family_codes=np.full(n_examples, SINGLE),
        oracle_inside=positive_is_oracle,
        low=grid.at(passed[rows, best][:, np.newaxis])[:, 0],
        high=np.full(n_examples, np.inf),
        false_positives=caught[rows, best],
        false_negatives=missed[rows, best],
        ratio=ratio[rows, best],
    )
