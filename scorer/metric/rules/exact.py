"""The rule without a grid: every interval between order statistics, and its complement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray, IntArray
from scorer.metric.counts import epsilon_from_ratio, ratio_from_counts
from scorer.metric.pooled import Pooled, pool
from scorer.metric.rules import base
from scorer.metric.rules.base import EpsilonResult, Rule


@dataclass(frozen=True)
class ExactRule(Rule):
    """Epsilon over every interval of the confidence, predicted as either bank.

    Predicting the oracle inside an interval and the unlearned models outside, or the other way
    round, covers one-sided thresholds (an end at infinity), both orientations and complements.
    Only the order of the pooled values counts, ties taken as one: any strictly increasing map of
    both banks leaves the result as it is, and exchanging the banks does too. Attacks with errors on
    one side only are dropped and one without any gives the cap, as under rule `competition`; the
    family "none" is left for examples on which all models have one and the same value.

    The null is lower than under `competition`, because the family is larger: a perfect unlearner
    scores about 0.07 with 64 models and 0.05 with 512.

    The largest ratio is found by Dinkelbach's method: a ratio of counts exceeds r where a sum of
    signed counts is positive, and the interval with the largest such sum falls out of one pass over
    the running counts.

    Reference:
        Dinkelbach 1967, "On nonlinear fractional programming", Management Science 13(7).
    """

    name: ClassVar[str] = "exact"

    def _search(self, unlearned: FloatArray, oracle: FloatArray) -> EpsilonResult:
        """Return the best interval of both orientations for a chunk of examples."""
        n_models, n_examples = unlearned.shape
        winners = _Winners.empty(n_examples)
        pooled = pool(oracle, unlearned)
        sides = (pooled, True), (pooled.exchanged(), False)
        orientations = [_Orientation.of(*side, self.delta, winners) for side in sides]
        for orientation in orientations:
            orientation.try_span()
            orientation.try_one_sided()
        for orientation in orientations:
            orientation.climb(of_wrong_is_ratio=True)
            orientation.climb(of_wrong_is_ratio=False)
        return winners.finish(n_models)


@dataclass
class _Winners:
    """Best attack so far of a chunk of examples, filled in place.

    `ratio` is exp(epsilon) of the best attack, -inf while none survived, inf for a separated
    example; `attacks` are the other arrays of `EpsilonResult` by name.
    """

    ratio: FloatArray
    attacks: dict[str, np.ndarray]

    @classmethod
    def empty(cls, n_examples: int) -> _Winners:
        """Return the state before any attack."""
        attacks = {
            "family_codes": np.full(n_examples, base.NONE, dtype=np.int64),
            "oracle_inside": np.zeros(n_examples, dtype=bool),
            "low": np.full(n_examples, np.nan),
            "high": np.full(n_examples, np.nan),
            "false_positives": np.full(n_examples, -1, dtype=np.int64),
            "false_negatives": np.full(n_examples, -1, dtype=np.int64),
        }
        return cls(np.full(n_examples, -np.inf), attacks)

    def take(self, examples: IntArray, ratio: FloatArray, attacks: dict[str, np.ndarray]) -> None:
        """Replace the winners of the distinct `examples` whose ratio is larger than before."""
        better = ratio > self.ratio[examples]
        rows = examples[better]
        self.ratio[rows] = ratio[better]
        for name, values in attacks.items():
            self.attacks[name][rows] = values[better]

    def finish(self, n_models: int) -> EpsilonResult:
        """Return the result."""
        return EpsilonResult(epsilon_from_ratio(self.ratio), **self.attacks, n_models=n_models)


@dataclass(frozen=True, eq=False)
class _Orientation:
    """All intervals of a chunk of examples, predicted as one bank ("own") inside.

    Boundary t, from 0 to 2 n_models, lies before the t-th pooled value, and within tied values
    stands for the boundary before all of them. An interval is a pair of boundaries.

    Attributes:
        pooled: the own bank first.
        own_is_oracle: which bank is predicted inside.
        delta: of the rule.
        winners: updated in place.
        boundary: `(n_examples, 2 n_models + 1)` the boundary that each one stands for.
        own: float64, own values before each boundary.
        other: float64, other values before each boundary.
        has_start: which boundaries have one before them that leaves an other value between.
        latest_start: the last such; 0 where there is none. Where the end takes in the last own
            value, moved up by the number of boundaries, see `_largest_sum`.
        first_start: `(n_examples,)` first boundary that leaves an own value before it.
    """

    pooled: Pooled
    own_is_oracle: bool
    delta: float
    winners: _Winners
    boundary: IntArray
    own: FloatArray
    other: FloatArray
    has_start: BoolArray
    latest_start: IntArray
    first_start: IntArray

    @classmethod
    def of(
        cls, pooled: Pooled, own_is_oracle: bool, delta: float, winners: _Winners
    ) -> _Orientation:
        """Return the running counts that the search needs."""
        n_examples, n_values = pooled.values.shape
        boundary = np.full((n_examples, n_values + 1), n_values)
        boundary[:, :-1] = pooled.block_start
        own = np.take_along_axis(pooled.first_before, boundary, axis=1)
        other = boundary - own
        place = np.arange(n_values + 1)
        rises = np.zeros(boundary.shape, dtype=bool)
        np.not_equal(other[:, 1:], other[:, :-1], out=rises[:, 1:])
        latest_start = np.maximum.accumulate(np.where(rises, place - 1, -1), axis=1)
        has_start = latest_start >= 0
        latest_start[~has_start] = 0
        latest_start[own == n_values // 2] += n_values + 1
        counts, other_counts = own.astype(np.float64), other.astype(np.float64)
        about = pooled, own_is_oracle, delta, winners, boundary, counts, other_counts
        return cls(*about, has_start, latest_start, first_start=(own > 0).argmax(axis=1))

    @property
    def n_models(self) -> int:
        """Number of models in each bank."""
        return self.pooled.n_models

    def try_span(self) -> None:
        """Try the interval from the first to the last own value: it alone can separate."""
        rows = np.arange(self.first_start.size)
        self._take(rows, self.first_start - 1, (self.own == self.n_models).argmax(axis=1))

    def try_one_sided(self) -> None:
        """Try the intervals with one end at infinity."""
        rows = np.arange(self.first_start.size)
        ratio = self._ratio(self.other, self.n_models - self.own)
        self._take(rows, np.zeros_like(rows), ratio.argmax(axis=1))
        ratio = self._ratio(self.n_models - self.other, self.own)
        self._take(rows, ratio.argmax(axis=1), np.full_like(rows, self.own.shape[1] - 1))

    def climb(self, *, of_wrong_is_ratio: bool) -> None:
        """Raise the ratio of one kind to its maximum, in every example where it can win.

        Args:
            of_wrong_is_ratio: look for (n_models (1 - delta) - missed) / wrong, the share of own
                values inside over that of others; else for the same with the two exchanged.
        """
        rows = np.flatnonzero(self.winners.ratio < np.inf)
        while rows.size:
            before = np.maximum(self.winners.ratio[rows], 1.0)
            weights = (1.0, before) if of_wrong_is_ratio else (before, 1.0)
            start, end = self._largest_sum(rows, *weights)
            self._take(rows, start, end)
            rows = rows[self.winners.ratio[rows] > before]

    def _largest_sum(
        self, rows: IntArray, own_weight: float | FloatArray, other_weight: float | FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return the interval with the largest weighted own minus weighted other values.

        Only intervals with an error on both sides count: an other value inside, an own one outside.
        The second means that an end which takes in the last own value needs a start that leaves out
        the first. The minima for such ends are kept behind those for all others.
        """
        place = np.arange(self.own.shape[1])
        height = np.multiply(np.reshape(own_weight, (-1, 1)), self.own[rows])
        height -= np.multiply(np.reshape(other_weight, (-1, 1)), self.other[rows])
        first_start = self.first_start[rows][:, np.newaxis]
        lowest = np.concatenate([height, np.where(place < first_start, np.inf, height)], axis=1)
        lowest = lowest.reshape(-1, place.size)
        np.minimum.accumulate(lowest, axis=1, out=lowest)
        lookup = self.latest_start[rows]
        lowest = np.take_along_axis(lowest.reshape(rows.size, -1), lookup, axis=1)
        gain = np.where(self.has_start[rows], height - lowest, -np.inf)

        each = np.arange(rows.size)
        end = gain.argmax(axis=1)
        latest = lookup[each, end]
        is_late = latest >= place.size
        possible = place <= np.where(is_late, latest - place.size, latest)[:, np.newaxis]
        possible &= place >= np.where(is_late, first_start[:, 0], 0)[:, np.newaxis]
        start = (possible & (height == lowest[each, end][:, np.newaxis])).argmax(axis=1)
        return start, end

    def _ratio(self, wrong: np.ndarray, missed: np.ndarray) -> FloatArray:
        """Return exp(epsilon) of attacks by their errors."""
        return ratio_from_counts(wrong, missed, self.n_models, self.delta)

    def _take(self, rows: IntArray, start: IntArray, end: IntArray) -> None:
        """Offer one interval of each row to the winners."""
        wrong = (self.other[rows, end] - self.other[rows, start]).astype(np.int64)
        inside = (self.own[rows, end] - self.own[rows, start]).astype(np.int64)
        missed = self.n_models - inside
        values = self.pooled.values
        first, last = self.boundary[rows, start], self.boundary[rows, end] - 1
        is_open_below, is_open_above = first == 0, last == values.shape[1] - 1
        low = values[rows, np.minimum(first, values.shape[1] - 1)]
        high = values[rows, np.maximum(last, 0)]
        two_sided = base.INTERVAL if self.own_is_oracle else base.COMPLEMENT
        family_codes = np.where(is_open_below | is_open_above, base.SINGLE, two_sided)
        ratio = self._ratio(wrong, missed)
        attacks = {
            "family_codes": np.where(np.isposinf(ratio), base.SEPARATED, family_codes),
            "oracle_inside": np.full(rows.shape, self.own_is_oracle),
            "low": np.where(is_open_below, -np.inf, low),
            "high": np.where(is_open_above, np.inf, high),
            "false_positives": wrong,
            "false_negatives": missed,
        }
        self.winners.take(rows, ratio, attacks)
