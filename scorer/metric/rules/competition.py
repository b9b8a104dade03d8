"""The rule of the NeurIPS 2023 unlearning competition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.metric.pooled import pool
from scorer.metric.rules.base import RANGE_RATIO, EpsilonResult, Rule, Winners
from scorer.metric.rules.double_thresholds import search_double_thresholds
from scorer.metric.rules.single_thresholds import search_single_thresholds

MIN_RANGE_RATIO = 0.01


@dataclass(frozen=True)
class CompetitionRule(Rule):
    """The competition's estimate of epsilon, in its own grids, with its defects repaired.

    Two families of attacks on the logit-scaled confidence of one example: one threshold, and the
    interval between two (see `single_thresholds` and `double_thresholds`). Epsilon is the largest
    over both, clipped to `[0, 50]`; it is 50 outright where one bank's range is below 1 % of the
    other's.

    Kept as it is: grids of 100 points per logit unit and a margin of 2 logits, so that scores
    change with the temperature of the logits; one orientation only, the larger median (the oracle
    loses a tie) and the narrower range deciding it (with equal ranges the smaller median is taken
    as narrower); a number of bins that grows with the number of models.

    Released scorer, repaired here:

    - it stops with an error on every example, through an `assert` on an array;
    - it needs a GPU and builds arrays of `n_models` times 160,000;
    - rates and single thresholds are float32, so that a threshold can fall on the wrong side of
      the very value it came from; here everything is float64;
    - an example without a surviving attack stops it; here it gets 50 and the family "none", since
      two banks that cannot be told apart because nothing was measured earn no points;
    - two constant banks give 0/0 in the test of ranges; here the attacks decide.

    A perfect unlearner scores about 0.19 with confidences of standard deviation 1 or more, and less
    below: the largest over many thresholds is biased upwards at any number of models.

    Reference:
        `metric.py` of google-deepmind/unlearning_evaluation, and the technical report of the
        competition, algorithm 1.
    """

    name: ClassVar[str] = "competition"

    def _search(self, unlearned: FloatArray, oracle: FloatArray) -> EpsilonResult:
        """Return the best attack of both families for a chunk of examples."""
        n_models, n_examples = unlearned.shape
        budget = n_models * (1.0 - self.delta)
        unlearned_range, oracle_range = np.ptp(unlearned, axis=0), np.ptp(oracle, axis=0)
        oracle_is_positive = np.median(oracle, axis=0) > np.median(unlearned, axis=0)
        narrow_is_oracle = np.where(
            oracle_is_positive, oracle_range < unlearned_range, oracle_range <= unlearned_range
        )
        larger = np.maximum(unlearned_range, oracle_range)
        smaller = np.minimum(unlearned_range, oracle_range)
        with np.errstate(invalid="ignore"):
            is_degenerate = smaller / larger < MIN_RANGE_RATIO

        winners = Winners.empty(n_examples)
        winners.decide(is_degenerate, RANGE_RATIO, narrow_is_oracle)
        pooled = pool(oracle, unlearned)
        search_single_thresholds(
            pooled.swapped_where(~oracle_is_positive), oracle_is_positive, budget, winners
        )
        search_double_thresholds(
            pooled.swapped_where(~narrow_is_oracle), narrow_is_oracle, budget, winners
        )
        return winners.finish(n_models)
