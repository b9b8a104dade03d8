"""Two samples of every example in one ascending order, with running counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Pooled:
    """Both samples of each example, sorted together.

    Attributes:
        values: `(n_examples, 2 n_models)` ascending.
        from_first: same shape, True where the value belongs to the first sample. The order within
            equal values is arbitrary, so read counts at the ends of tied blocks only.
    """

    values: FloatArray
    from_first: BoolArray

    @property
    def n_models(self) -> int:
        """Number of models in each sample."""
        return int(self.values.shape[1] // 2)

    @cached_property
    def block_start(self) -> IntArray:
        """`(n_examples, 2 n_models)` position of the first value equal to the one here."""
        return run_starts(self.values)

    @cached_property
    def first_before(self) -> IntArray:
        """`(n_examples, 2 n_models + 1)` how many of the first `t` values are of sample one."""
        return running_count(self.from_first)

    def swapped_where(self, swap: BoolArray) -> Pooled:
        """Return the same order with the samples exchanged in the examples where `swap` holds."""
        return Pooled(self.values, self.from_first ^ swap[:, np.newaxis])

    def split(self, array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the entries of `array` at the first and at the second sample, both ascending."""
        first, second = self._places
        flat = array.ravel()
        return flat.take(first), flat.take(second)

    @cached_property
    def _places(self) -> tuple[IntArray, IntArray]:
        """Return where, in the flattened order, the values of either sample are."""
        shape = (self.values.shape[0], self.n_models)
        first = np.flatnonzero(self.from_first).reshape(shape)
        return first, np.flatnonzero(~self.from_first).reshape(shape)


def pool(first: FloatArray, second: FloatArray) -> Pooled:
    """Return two banks `(n_models, n_examples)` of equal shape, pooled example by example."""
    together = np.ascontiguousarray(np.concatenate([first, second], axis=0).T)
    order = np.argsort(together, axis=1)
    return Pooled(np.take_along_axis(together, order, axis=1), order < first.shape[0])


def running_count(flags: BoolArray) -> IntArray:
    """Return `(rows, n + 1)`: how many of the first t flags of each row are set, t from 0 to n."""
    counts = np.zeros((flags.shape[0], flags.shape[1] + 1), dtype=np.int64)
    np.cumsum(flags, axis=1, out=counts[:, 1:])
    return counts


def run_starts(values: np.ndarray) -> IntArray:
    """Return, along each row, the position where the run of equal values begins."""
    position = np.arange(values.shape[1])
    is_new = np.ones(values.shape, dtype=bool)
    np.not_equal(values[:, 1:], values[:, :-1], out=is_new[:, 1:])
    return np.maximum.accumulate(np.where(is_new, position, 0), axis=1)


def run_ends(values: np.ndarray) -> IntArray:
    """Return, along each row, the position after the last of the run of equal values."""
    n_values = values.shape[1]
    return np.subtract(n_values, run_starts(values[:, ::-1])[:, ::-1])


def count_below(
    rows: FloatArray, index: IntArray, queries: FloatArray, *, inclusive: bool
) -> IntArray:
    """Count the entries of sorted rows below queries, each query in a row of its own.

    Args:
        rows: `(n_rows, n)` ascending.
        index: `(n_queries,)` row of each query.
        queries: `(n_queries,)`.
        inclusive: count entries `<=` the query; otherwise `<`.

    Returns:
        `(n_queries,)` counts in `[0, n]`.
    """
    n_values = rows.shape[1]
    low = np.zeros(queries.shape, dtype=np.int64)
    high = np.full(queries.shape, n_values, dtype=np.int64)
    counted = np.less_equal if inclusive else np.less
    # Bisection of all queries at once; [low, high] holds the answer throughout.
    for _ in range(n_values.bit_length()):
        middle = (low + high) >> 1
        is_open = low < high
        entry = rows[index, np.minimum(middle, n_values - 1)]
        goes_up = is_open & counted(entry, queries)
        low = np.where(goes_up, middle + 1, low)
        high = np.where(is_open & ~goes_up, middle, high)
    return low
