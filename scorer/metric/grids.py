"""Evenly spaced threshold grids that are searched without being built."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray

# Rounding moves the computed position of a value by a few units of the last place of the largest
# number involved; positions nearer to a grid point than that are settled by comparison.
_ROUNDING = 16 * np.finfo(np.float64).eps
# One step settles it unless the spacing itself is lost in rounding; the bound only keeps absurd
# magnitudes from looping.
_MAX_CORRECTIONS = 8


@dataclass(frozen=True, eq=False)
class UniformGrids:
    """Many grids `np.linspace(start, stop, count)`, known by their three numbers.

    A grid point is computed by the very operations of `np.linspace`, so comparing data with it
    gives the answer that the full grid would give, ties included. Indices are float64.

    Attributes:
        start: first point of each grid.
        stop: last point, same shape.
        count: number of points, same shape; 0 is an empty grid.
    """

    start: FloatArray
    stop: FloatArray
    count: FloatArray

    @cached_property
    def step(self) -> FloatArray:
        """Distance of neighbouring points, as `np.linspace` computes it."""
        return (self.stop - self.start) / np.maximum(self.count - 1.0, 1.0)

    def at(self, index: FloatArray) -> FloatArray:
        """Return the points at `index`, which broadcasts against the grids."""
        points = index * self.step + self.start
        is_stop = (index == self.count - 1.0) & (index > 0)
        return np.where(is_stop, self.stop, points)

    def first_above(self, values: FloatArray) -> FloatArray:
        """Return the smallest index whose point is > `values`; `count` where there is none."""
        return self._first(values, strict=True)

    def first_at_or_above(self, values: FloatArray) -> FloatArray:
        """Return the smallest index whose point is >= `values`; `count` where there is none."""
        return self._first(values, strict=False)

    def last_at_or_below(self, values: FloatArray) -> FloatArray:
        """Return the largest index whose point is <= `values`; -1 where there is none."""
        return self._first(values, strict=True) - 1.0

    def pick(self, mask: BoolArray) -> UniformGrids:
        """Return the grids where the mask is set, after broadcasting them to its shape."""
        return UniformGrids(
            *(np.broadcast_to(a, mask.shape)[mask] for a in (self.start, self.stop, self.count))
        )

    def _first(self, values: FloatArray, *, strict: bool) -> FloatArray:
        """Compute where the values lie, and compare those that lie on a point up to rounding."""
        # A single point has no spacing: step 0 sends values to +-inf or, on the point, to nan.
        with np.errstate(divide="ignore", invalid="ignore"):
            position = (values - self.start) / self.step
            largest = np.maximum(np.abs(self.start), np.abs(self.stop))
            tolerance = _ROUNDING * (largest / self.step + self.count)
            distance = np.abs(position - np.rint(position))
        index = np.fmax(np.fmin(np.ceil(position), self.count), 0.0)
        unsettled = ~(distance > tolerance)
        if unsettled.any():
            nearby = self.pick(unsettled)
            index[unsettled] = nearby._settle(index[unsettled], values[unsettled], strict=strict)
        return index

    def _settle(self, index: FloatArray, values: FloatArray, *, strict: bool) -> FloatArray:
        """Move each index until its own point passes the value and the one before does not."""
        passed = np.greater if strict else np.greater_equal
        for _ in range(_MAX_CORRECTIONS):
            too_high = (index > 0) & passed(self.at(index - 1.0), values)
            if not too_high.any():
                break
            index = index - too_high
        for _ in range(_MAX_CORRECTIONS):
            too_low = (index < self.count) & ~passed(self.at(index), values)
            if not too_low.any():
                break
            index = index + too_low
        return index
