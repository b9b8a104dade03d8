"""The two banks as the two-sided search of the competition rule needs them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray, IntArray
from scorer.metric.grids import UniformGrids
from scorer.metric.pooled import Pooled, run_ends, run_starts

THRESHOLDS_PER_UNIT = 100
BUFFER = 2.0
N_LEFT_THRESHOLDS = int(np.ceil(2 * BUFFER * THRESHOLDS_PER_UNIT))


@dataclass(frozen=True, eq=False)
class Samples:
    """Both banks of a chunk of examples, ascending, with the grid of R and counts along it.

    All arrays are `(n_examples, n_models)` but for `width` and the grid. A *stop* is the last of
    the narrow values that some R takes in; its first R is the first grid point at or above it.

    Attributes:
        narrow: the bank with the smaller range.
        wide: the other bank.
        width: `(n_examples,)` range of the narrow bank.
        right: grids of R, shape `(n_examples, 1)`.
        reach: index of the first R at or above each narrow value.
        is_stop: which narrow values are stops.
        wide_at_reach: wide values at or below that R.
        wide_before_reach: wide values at or below the R before it.
        wide_below_narrow: wide values strictly below each narrow value.
        narrow_below_wide: narrow values strictly below each wide value.
        wide_below_wide: wide values strictly below each wide value.
    """

    narrow: FloatArray
    wide: FloatArray
    width: FloatArray
    right: UniformGrids
    reach: FloatArray
    is_stop: BoolArray
    wide_at_reach: IntArray
    wide_before_reach: IntArray
    wide_below_narrow: IntArray
    narrow_below_wide: IntArray
    wide_below_wide: IntArray

    @classmethod
    def of(cls, pooled: Pooled) -> Samples:
        """Return what the search needs, from both banks pooled with the narrow one first."""
        narrow, wide = pooled.split(pooled.values)
        width = narrow[:, -1] - narrow[:, 0]
        start = narrow[:, :1] + width[:, np.newaxis] - BUFFER
        stop = narrow[:, -1:] + BUFFER
        right = UniformGrids(start, stop, np.ceil((stop - start) * THRESHOLDS_PER_UNIT))
        reach = right.first_at_or_above(pooled.values)
        narrow_reach = pooled.split(reach)[0]
        is_stop = narrow_reach < right.count
        is_stop[:, :-1] &= narrow_reach[:, :-1] != narrow_reach[:, 1:]

        narrow_below, wide_below = _counts_at(pooled, pooled.block_start)
        wide_below_narrow, wide_below_wide = pooled.split(wide_below)
        return cls(
            narrow=narrow,
            wide=wide,
            width=width,
            right=right,
            reach=narrow_reach,
            is_stop=is_stop,
            wide_at_reach=pooled.split(_counts_at(pooled, run_ends(reach))[1])[0],
            wide_before_reach=pooled.split(_counts_at(pooled, run_starts(reach))[1])[0],
            wide_below_narrow=wide_below_narrow,
            narrow_below_wide=pooled.split(narrow_below)[1],
            wide_below_wide=wide_below_wide,
        )

    @property
    def n_models(self) -> int:
        """Number of models in each bank."""
        return int(self.narrow.shape[1])

    def stop_ends(self, examples: IntArray, stops: IntArray) -> FloatArray:
        """Return the index after the last R that takes in nothing beyond each stop."""
        is_largest = stops == self.n_models - 1
        following = np.where(is_largest, stops, stops + 1)
        count = self.right.count[examples, 0]
        return np.where(is_largest, count, self.reach[examples, following])

    def right_grids(self, examples: IntArray) -> UniformGrids:
        """Return the grids of R of some examples, one-dimensional."""
        right = self.right
        return UniformGrids(
            right.start[examples, 0], right.stop[examples, 0], right.count[examples, 0]
        )

    def left_grids(self, examples: IntArray, right: FloatArray) -> UniformGrids:
        """Return the grid of L that belongs to each R."""
        inner = right - self.width[examples]
        count = np.full(right.shape, float(N_LEFT_THRESHOLDS))
        return UniformGrids(inner - BUFFER, inner + BUFFER, count)


def _counts_at(pooled: Pooled, position: IntArray) -> tuple[IntArray, IntArray]:
    """Return how many of the first `position` pooled values are of either sample."""
    n_examples, n_positions = pooled.first_before.shape
    offset = (np.arange(n_examples) * n_positions)[:, np.newaxis]
    of_first = pooled.first_before.ravel().take(position + offset)
    return of_first, position - of_first
