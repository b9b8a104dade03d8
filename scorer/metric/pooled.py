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
        position = np.arange(self.values.shape[1])
        is_new = np.ones(self.values.shape, dtype=bool)
        np.not_equal(self.values[:, 1:], self.values[:, :-1], out=is_new[:, 1:])
        return np.maximum.accumulate(np.where(is_new, position, 0), axis=1)

    @cached_property
    def first_before(self) -> IntArray:
        """`(n_examples, 2 n_models + 1)` how many of the first `t` values are of sample one."""
        n_examples, n_values = self.values.shape
        counts = np.zeros((n_examples, n_values + 1), dtype=np.int64)
        np.cumsum(self.from_first, axis=1, out=counts[:, 1:])
        return counts

    def exchanged(self) -> Pooled:
        """Return the same order with the second sample as the first."""
        return Pooled(self.values, ~self.from_first)


def pool(first: FloatArray, second: FloatArray) -> Pooled:
    """Return two banks `(n_models, n_examples)` of equal shape, pooled example by example."""
    together = np.ascontiguousarray(np.concatenate([first, second], axis=0).T)
    order = np.argsort(together, axis=1)
    return Pooled(np.take_along_axis(together, order, axis=1), order < first.shape[0])
