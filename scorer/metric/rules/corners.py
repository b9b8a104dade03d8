"""Corners: the few pairs of thresholds that can win the two-sided search.

Take any pair (L, R) of the grids with a false positive. Raise L to the next narrow value, or to the
last wide value at or below R where that comes first; lower R to the first grid point that takes in
the same narrow values. No narrow value leaves the interval, and the wide values in it only become
fewer. Counted with at least one false positive, such a *corner* bounds the ratio of every pair that
reduces to it. Whether a pair of the grids comes close enough to a corner to reach its bound is for
the grids to say; see `double_thresholds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray, IntArray
from scorer.metric.counts import surviving_ratio
from scorer.metric.pooled import count_below, running_count
from scorer.metric.rules.double_samples import BUFFER, Samples

# Corner matrices are worked on in pieces of this many entries: half a core's cache in float64.
_ENTRIES_PER_PIECE = 2**16
# A gain this far below 0 can still be a positive one that rounding hid.
_GAIN_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Corners:
    """A list of corners of a chunk of examples.

    Attributes:
        examples: `(n_corners,)` row of the chunk.
        stops: `(n_corners,)` index of the last narrow value taken in by R.
        reachable: `(n_corners,)` the value that L may rise to.
        bound: `(n_corners,)` upper bound of the ratio of the pairs that reduce to the corner.
    """

    examples: IntArray
    stops: IntArray
    reachable: FloatArray
    bound: FloatArray

    def pick(self, selection: BoolArray | IntArray) -> Corners:
        """Return some of the corners."""
        return Corners(
            self.examples[selection],
            self.stops[selection],
            self.reachable[selection],
            self.bound[selection],
        )

    def above(self, to_beat: FloatArray) -> Corners:
        """Return the corners whose bound exceeds `to_beat`, one number an example."""
        return self.pick(self.bound > to_beat[self.examples])

    def best(self, n_best: int) -> tuple[Corners, Corners]:
        """Return the corners with the highest bounds, `n_best` of each example, and the others."""
        ordered = self.pick(np.lexsort((-self.bound, self.examples)))
        place = np.arange(ordered.examples.size)
        rank = place - np.searchsorted(ordered.examples, ordered.examples, side="left")
        return ordered.pick(rank < n_best), ordered.pick(rank >= n_best)


def concatenate(parts: Sequence[Corners]) -> Corners:
    """Return all corners as one list."""
    return Corners(
        np.concatenate([part.examples for part in parts]),
        np.concatenate([part.stops for part in parts]),
        np.concatenate([part.reachable for part in parts]),
        np.concatenate([part.bound for part in parts]),
    )


def full_corners(samples: Samples, budget: float, to_beat: FloatArray) -> Corners:
    """Return the corners where R takes in all narrow values and L reaches one of them."""
    highest_left = (samples.right.stop[:, 0] - samples.width) + BUFFER
    possible = _next_narrow(samples, highest_left) & samples.is_stop[:, -1:]
    everyone = np.arange(samples.width.size)
    most_wide = count_below(samples.wide, everyone, samples.right.stop[:, 0], inclusive=True)
    wrong = samples.wide_at_reach[:, -1:] - samples.wide_below_narrow
    missed = np.broadcast_to(np.arange(samples.n_models), wrong.shape)
    # No wide value inside is a result only where nothing is missed; else one must be let in.
    separates = (wrong == 0) & (missed == 0)
    possible &= separates | (most_wide[:, np.newaxis] > samples.wide_below_narrow)
    bound = surviving_ratio(np.where(separates, 0, np.maximum(wrong, 1)), missed, budget)
    rows, columns = np.nonzero(possible & (bound > to_beat[:, np.newaxis]))
    stops = np.full(rows.shape, samples.n_models - 1)
    return Corners(rows, stops, samples.narrow[rows, columns], bound[rows, columns])


def wide_corners(samples: Samples, budget: float, to_beat: FloatArray) -> Corners:
    """Return the corners where L reaches the last wide value at or below the first R of a stop."""
    rows = np.arange(samples.width.size)[:, np.newaxis]
    last_wide = np.maximum(samples.wide_at_reach - 1, 0)
    possible = samples.is_stop & (samples.wide_at_reach > 0)
    wrong = samples.wide_at_reach - samples.wide_below_wide[rows, last_wide]
    left_out = samples.n_models - 1 - np.arange(samples.n_models)
    missed = left_out + samples.narrow_below_wide[rows, last_wide]
    bound = surviving_ratio(wrong, missed, budget)
    examples, stops = np.nonzero(possible & (bound > to_beat[:, np.newaxis]))
    reachable = samples.wide[examples, last_wide[examples, stops]]
    return Corners(examples, stops, reachable, bound[examples, stops])


def _next_narrow(samples: Samples, highest_left: FloatArray) -> BoolArray:
    """Return which narrow values are the next at or above some L up to `highest_left`."""
    is_next = np.ones(samples.narrow.shape, dtype=bool)
    is_next[:, 1:] = (samples.narrow[:, 1:] != samples.narrow[:, :-1]) & (
        samples.narrow[:, :-1] < highest_left[:, np.newaxis]
    )
    return is_next


@dataclass(frozen=True, eq=False)
class PairCorners:
    """The corners where L reaches a narrow value and R leaves out another: stops times lefts.

    The matrix of all pairs is never formed. For a ratio r to beat, a pair beats it if
    `budget - missed > r wrong` or `budget - wrong > r missed`; both are sums of a term of the stop
    and a term of the left, so that a running maximum over the lefts tells which stops can.

    Attributes:
        samples: the banks.
        budget: `n_models * (1 - delta)`.
        stops: `(n_examples, n_stops)` index of narrow values, padded at the end.
        lefts: `(n_examples, n_lefts)` likewise.
        is_stop: where `stops` is not padding.
        wide_at_stop: float64, wide values at or below the first R of each stop.
        most_wide: wide values at or below its last R; -1 in the padding.
        highest_left: largest L of its last R; -inf in the padding.
        left_out: float64, narrow values above the stop.
        wide_cut: float64, wide values below each left; more than there are in the padding.
        narrow_cut: float64, narrow values below each left.
        n_reachable: how many lefts an L of the stop can reach; they are the first ones.
        n_clear: how many of these leave at least one wide value inside for every R of the stop.
    """

    samples: Samples
    budget: float
    stops: IntArray
    lefts: IntArray
    is_stop: BoolArray
    wide_at_stop: FloatArray
    most_wide: IntArray
    highest_left: FloatArray
    left_out: FloatArray
    wide_cut: FloatArray
    narrow_cut: FloatArray
    n_clear: IntArray
    n_reachable: IntArray

    @classmethod
    def of(cls, samples: Samples, budget: float) -> PairCorners:
        """Return the stops and lefts of a chunk of examples."""
        is_inner_stop = samples.is_stop.copy()
        is_inner_stop[:, -1] = False
        stops, is_stop = _columns(is_inner_stop)
        n_examples, n_models = samples.narrow.shape
        rows = np.arange(n_examples)[:, np.newaxis]
        following = np.minimum(stops + 1, n_models - 1)
        last_right = samples.right.at(samples.reach[rows, following] - 1.0)
        highest_left = (last_right - samples.width[:, np.newaxis]) + BUFFER
        highest_left = np.where(is_stop, highest_left, -np.inf)
        is_left = _next_narrow(samples, highest_left.max(axis=1, initial=-np.inf))
        lefts, is_real_left = _columns(is_left)
        wide_at_stop = samples.wide_at_reach[rows, stops]
        wide_cut = samples.wide_below_narrow[rows, lefts]

        # How many lefts have k wide values below them, for all k at once; then up to k.
        coded = (wide_cut + rows * (n_models + 1))[is_real_left]
        histogram = np.bincount(coded, minlength=n_examples * (n_models + 1))
        up_to = histogram.reshape(n_examples, n_models + 1).cumsum(axis=1)
        n_clear = np.where(wide_at_stop > 0, up_to[rows, np.maximum(wide_at_stop - 1, 0)], 0)
        # The next narrow value above the highest L is the last that an L of the stop can reach.
        n_below = count_below(
            samples.narrow,
            np.repeat(rows, stops.shape[1]),
            highest_left.ravel(),
            inclusive=False,
        ).reshape(stops.shape)
        n_reachable = running_count(is_left)[rows, np.minimum(n_below + 1, n_models)]
        return cls(
            samples=samples,
            budget=budget,
            stops=stops,
            lefts=lefts,
            is_stop=is_stop,
            wide_at_stop=wide_at_stop.astype(np.float64),
            most_wide=np.where(is_stop, samples.wide_before_reach[rows, following], -1),
            highest_left=highest_left,
            left_out=(n_models - 1.0) - stops,
            wide_cut=np.where(is_real_left, wide_cut, 2.0 * n_models),
            narrow_cut=lefts.astype(np.float64),
            n_clear=np.minimum(n_clear, n_reachable),
            n_reachable=n_reachable,
        )

    def seeds(self, to_beat: FloatArray) -> Corners:
        """Return, of each example where one exists, a corner far above the ratio to beat."""
        gain = self._gain(to_beat)
        if gain.shape[1] == 0:
            return self._list(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), to_beat)
        best = gain.argmax(axis=1)
        rows = np.flatnonzero(gain[np.arange(best.size), best] > 0)
        return self._list(rows, best[rows], to_beat).best(1)[0]

    def all_above(self, to_beat: FloatArray) -> Corners:
        """Return all corners whose bound exceeds the ratio to beat."""
        rows, slots = np.nonzero(self._gain(to_beat) > -_GAIN_TOLERANCE)
        return self._list(rows, slots, to_beat)

    def _gain(self, to_beat: FloatArray) -> FloatArray:
        """Return per stop by how much its best left clears the linear test; > 0 beats the ratio."""
        # No pair with errors reaches n_models, so that an infinite ratio needs no larger number.
        ratio = np.minimum(to_beat, self.samples.n_models)[:, np.newaxis]
        has_clear = self.n_clear > 0
        last_clear = np.maximum(self.n_clear - 1, 0)
        gain = np.full(self.stops.shape, -np.inf)
        if self.lefts.shape[1] == 0:
            return gain
        for of_wide, of_narrow in ((ratio, 1.0), (1.0, ratio)):
            term = of_wide * self.wide_cut - of_narrow * self.narrow_cut
            reached = np.take_along_axis(np.maximum.accumulate(term, axis=1), last_clear, axis=1)
            own = self.budget - of_wide * self.wide_at_stop - of_narrow * self.left_out
            gain = np.where(has_clear, np.maximum(gain, own + reached), gain)
        # Beyond the clear lefts the first one is best, with a single wide value let in.
        beyond = np.minimum(self.n_clear, self.lefts.shape[1] - 1)
        is_beyond = (self.n_clear < self.n_reachable) & (
            np.take_along_axis(self.wide_cut, beyond, axis=1) < self.most_wide
        )
        missed = self.left_out + np.take_along_axis(self.narrow_cut, beyond, axis=1)
        single = self.budget - np.maximum(missed, 1.0) - ratio * np.minimum(missed, 1.0)
        gain = np.where(is_beyond, np.maximum(gain, single), gain)
        return np.where(self.is_stop, gain, -np.inf)

    def _list(self, rows: IntArray, slots: IntArray, to_beat: FloatArray) -> Corners:
        """Return the corners above the ratio to beat at the given stops, with every left."""
        found = []
        size = max(1, _ENTRIES_PER_PIECE // max(1, self.lefts.shape[1]))
        for first in range(0, rows.size, size):
            row, slot = rows[first : first + size], slots[first : first + size]
            cut = self.wide_cut[row]
            wrong = np.maximum(self.wide_at_stop[row, slot][:, np.newaxis] - cut, 1.0)
            missed = self.left_out[row, slot][:, np.newaxis] + self.narrow_cut[row]
            bound = (self.budget - np.maximum(wrong, missed)) / np.minimum(wrong, missed)
            at, left = np.nonzero(bound > to_beat[row][:, np.newaxis])
            bounds, cuts = bound[at, left], cut[at, left]
            row, slot = row[at], slot[at]
            columns = self.lefts[row, left]
            previous = np.where(columns > 0, self.samples.narrow[row, columns - 1], -np.inf)
            kept = (cuts < self.most_wide[row, slot]) & (previous < self.highest_left[row, slot])
            stops = self.stops[row, slot]
            corners = Corners(row, stops, self.samples.narrow[row, columns], bounds)
            found.append(corners.pick(kept))
        nothing = np.zeros(0, dtype=np.int64)
        return concatenate([Corners(nothing, nothing, np.zeros(0), np.zeros(0)), *found])


def _columns(mask: BoolArray) -> tuple[IntArray, BoolArray]:
    """Return the columns set in each row, padded to a common length, and where they are real."""
    rows, columns = np.nonzero(mask)
    counts = running_count(mask)[:, -1]
    slots = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts)
    padded = np.zeros((mask.shape[0], int(counts.max(initial=0))), dtype=np.int64)
    padded[rows, slots] = columns
    return padded, np.arange(padded.shape[1]) < counts[:, np.newaxis]
