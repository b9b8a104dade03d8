"""Two-sided attacks on grids of thresholds, as the competition rule makes them.

The attack predicts the narrower bank (smaller range) for confidences in `[L, R]`. R runs over a
grid around the upper end of that bank; for each R, L runs over a grid of its own: 160,000 pairs in
all. Few can win: `corners` bounds them by integer counts, and only corners whose bound exceeds the
best attack so far are tried on the grids, best bound first. The result is that of the full grids.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorer.metric.arrays import BoolArray, FloatArray
from scorer.metric.counts import surviving_ratio
from scorer.metric.pooled import Pooled, count_below
from scorer.metric.rules.base import INTERVAL, Winners
from scorer.metric.rules.corners import (
    Corners,
    PairCorners,
    concatenate,
    full_corners,
    wide_corners,
)
from scorer.metric.rules.double_samples import Samples

# Rounds that raise the ratio to beat by one corner an example, before all others are listed.
_SEED_ROUNDS = 3
# Corners of each example tried before the ratio to beat is looked at again.
_CORNERS_PER_ROUND = 4
# Data within a few steps of the grids, where bounds mean little and few pairs differ.
_COARSE_RANGE = 0.08


def search_double_thresholds(
    pooled: Pooled, narrow_is_oracle: BoolArray, budget: float, winners: Winners
) -> None:
    """Try every pair of thresholds of each example's grids.

    Args:
        pooled: bank with the smaller range first.
        narrow_is_oracle: `(n_examples,)`.
        budget: `n_models * (1 - delta)`.
        winners: updated in place.
    """
    ranges = pooled.values[:, -1] - pooled.values[:, 0]
    is_coarse = (ranges > 0) & (ranges < _COARSE_RANGE) & (winners.ratio < np.inf)
    search = _Search(Samples.of(pooled), narrow_is_oracle, budget, winners, is_coarse)
    for example in np.flatnonzero(is_coarse):
        search.try_everything(int(example))
    corners = concatenate(
        [
            full_corners(search.samples, budget, search.to_beat),
            wide_corners(search.samples, budget, search.to_beat),
        ]
    )
    search.try_corners(corners.best(1)[0], first_right_only=True)
    pairs = PairCorners.of(search.samples, budget)
    for _ in range(_SEED_ROUNDS):
        search.try_corners(pairs.seeds(search.to_beat), first_right_only=True)
    corners = concatenate([corners.above(search.to_beat), pairs.all_above(search.to_beat)])
    while corners.examples.size:
        chosen, others = corners.best(_CORNERS_PER_ROUND)
        search.try_corners(chosen, first_right_only=False)
        corners = others.above(search.to_beat)
    # Not even an attack at epsilon 0: rare, and settled by looking at every pair.
    for example in np.flatnonzero(np.isneginf(winners.ratio) & (ranges > 0) & ~is_coarse):
        search.try_everything(int(example))


@dataclass(frozen=True, eq=False)
class _Search:
    """The state of the search in a chunk of examples."""

    samples: Samples
    narrow_is_oracle: BoolArray
    budget: float
    winners: Winners
    is_settled: BoolArray

    @property
    def to_beat(self) -> FloatArray:
        """Best ratio so far; at least 1, as epsilon is 0 for all below; inf where all is tried."""
        return np.where(self.is_settled, np.inf, np.maximum(self.winners.ratio, 1.0))

    def try_corners(self, corners: Corners, *, first_right_only: bool) -> None:
        """Try each corner with the R that take in the same narrow values, and their best L."""
        samples, stops = self.samples, corners.stops
        first = samples.reach[corners.examples, stops]
        end = first + 1.0 if first_right_only else samples.stop_ends(corners.examples, stops)
        repeats = (end - first).astype(np.int64)
        offset = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        examples = np.repeat(corners.examples, repeats)
        right = samples.right_grids(examples).at(np.repeat(first, repeats) + offset)
        left_grids = samples.left_grids(examples, right)
        left_index = left_grids.last_at_or_below(np.repeat(corners.reachable, repeats))
        left = left_grids.at(left_index)

        exists = left_index >= 0
        examples, left, right = examples[exists], left[exists], right[exists]
        enclosed = np.repeat(stops + 1, repeats)[exists]
        wide_up_to = count_below(samples.wide, examples, right, inclusive=True)
        wrong = wide_up_to - count_below(samples.wide, examples, left, inclusive=False)
        cut = count_below(samples.narrow, examples, left, inclusive=False)
        missed = samples.n_models - enclosed + cut
        ratio = surviving_ratio(wrong, missed, self.budget)

        order = np.lexsort((ratio, examples))
        is_best = np.ones(order.size, dtype=bool)
        is_best[:-1] = examples[order][1:] != examples[order][:-1]
        best = order[is_best]
        self.winners.take(
            examples=examples[best],
            family_codes=np.full(best.size, INTERVAL),
            oracle_inside=self.narrow_is_oracle[examples[best]],
            low=left[best],
            high=right[best],
            false_positives=wrong[best],
            false_negatives=missed[best],
            ratio=ratio[best],
        )

    def try_everything(self, example: int) -> None:
        """Try every pair of the grids of one example, but for those that hold all or no value."""
        narrow, wide = self.samples.narrow[example], self.samples.wide[example]
        lowest, highest = min(narrow[0], wide[0]), max(narrow[-1], wide[-1])
        index = np.arange(self.samples.right.count[example, 0])
        examples = np.full(index.size, example)
        right = self.samples.right_grids(examples).at(index)
        grids = self.samples.left_grids(examples, right)
        # All L below the data are alike, so that one of them is enough; those above hold nothing.
        first = np.maximum(grids.last_at_or_below(np.full(right.size, lowest)) - 1.0, 0.0)
        n_left = np.minimum(np.ceil((highest - lowest) / grids.step.min()) + 3.0, grids.count[0])
        index = np.minimum(first + np.arange(n_left)[:, np.newaxis], grids.count - 1.0)
        left = grids.at(index)
        wrong = np.searchsorted(wide, right, "right") - np.searchsorted(wide, left, "left")
        inside = np.searchsorted(narrow, right, "right") - np.searchsorted(narrow, left, "left")
        wrong, missed = np.maximum(wrong, 0), self.samples.n_models - np.maximum(inside, 0)
        ratio = surviving_ratio(wrong, missed, self.budget)
        best = [ratio.argmax()]
        self.winners.take(
            examples=np.array([example]),
            family_codes=np.array([INTERVAL]),
            oracle_inside=self.narrow_is_oracle[[example]],
            low=left.ravel()[best],
            high=np.broadcast_to(right, left.shape).ravel()[best],
            false_positives=wrong.ravel()[best],
            false_negatives=missed.ravel()[best],
            ratio=ratio.ravel()[best],
        )
