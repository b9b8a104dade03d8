"""The rule of the NeurIPS 2023 unlearning competition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from scorer.metric.arrays import FloatArray
from scorer.metric.counts import epsilon_from_ratio
from scorer.metric.rules.base import EpsilonResult, Rule


@dataclass(frozen=True)
class CompetitionRule(Rule):
    """The competition's estimate of epsilon, in its own grids, with its defects repaired.

    Two families of attacks on the logit-scaled confidence of one example: one threshold, and the
    interval between two (see `_competition_walk`). Epsilon is the largest over both, clipped to
    `[0, 50]`; it is 50 outright where one bank's range is below 1 % of the other's.

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
    # F of a perfect unlearner, simulated at spreads 1, .3, .1, .03, .01: .18 .09 .11 .18 .34.
    min_spread: ClassVar[float] = 0.1

    def _search(self, unlearned: FloatArray, oracle: FloatArray) -> EpsilonResult:
        """Return the strongest attack of both families for a chunk of examples."""
        # Imported here because numba takes a while to, and only this rule needs it.
        from scorer.metric.rules._competition_walk import strongest_attack

        # Contiguous, as the walk is compiled for.
        banks = (np.sort(np.ascontiguousarray(bank.T), axis=1) for bank in (unlearned, oracle))
        attacks = [strongest_attack(u, o, self.delta) for u, o in zip(*banks, strict=True)]
        codes, inside, ratio, low, high, wrong, missed = map(np.array, zip(*attacks, strict=True))
        epsilons = epsilon_from_ratio(ratio)
        return EpsilonResult(epsilons, codes, inside, low, high, wrong, missed, len(unlearned))
