"""What other means and spreads would score: the entry's own runs, moved example by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorer.metric.exchange import paired_difference
from scorer.metric.rules import make_rule
from scorer.oracles.outputs import Bank
from scorer.studies.findings import Number
from scorer.studies.intervals import from_error
from scorer.studies.scores import RULE, Score, score_banks

Array = NDArray[np.float64]

AS_IT_IS = "as it is"

GAINS = {
    "means": ("means matched", AS_IT_IS),
    "spread": ("spread matched", AS_IT_IS),
    "both": ("means and spread matched", AS_IT_IS),
    "factor": ("one factor on spread", AS_IT_IS),
    "means_and_factor": ("means matched, one factor", AS_IT_IS),
    "predicted_means": ("means predicted, one factor", "one factor on spread"),
    "fitted_means": ("means fitted, one factor", "one factor on spread"),
}
"""Pairs of changes that are held against each other, by what the second lacks."""


@dataclass(frozen=True)
class Changed:
    """Runs with other means and spreads.

    Attributes:
        scores: by name of the change.
        gains: by name in `GAINS`, the difference of F as a share of the ceiling. Runs and oracles
            are the same, so it is known better than either score.
    """

    scores: Mapping[str, Score]
    gains: Mapping[str, Number]


def change(
    predicted: Array,
    fitted: Array,
    banks: Mapping[str, Bank],
    originals: Sequence[int],
    entry: Score,
) -> Changed:
    """Return what the runs score with other means and spreads.

    What is matched is that of the controls, not of the oracles that are scored against, whose very
    noise would be matched.

    Args:
        predicted: `(n_examples,)` means from what a submission is given.
        fitted: `(n_examples,)` means fitted to the oracles of other examples.
        banks: "unlearned", "oracle" and "control", as `score_banks` takes them.
        originals: that each run started from.
        entry: score of the runs as they are.
    """
    runs, control, oracle = (
        np.asarray(banks[name].confidence(), dtype=np.float64)
        for name in ("unlearned", "control", "oracle")
    )
    right = control.mean(axis=0)
    ratios = control.std(axis=0, ddof=1) / runs.std(axis=0, ddof=1)
    factor = np.full_like(ratios, np.exp(np.log(ratios).mean()))
    targets: dict[str, tuple[Array | None, Array | None]] = {
        AS_IT_IS: (None, None),
        "one factor on spread": (None, factor),
        "spread matched": (None, ratios),
        "means matched": (right, None),
        "means matched, one factor": (right, factor),
        "means and spread matched": (right, ratios),
        "means predicted": (predicted, None),
        "means predicted, one factor": (predicted, factor),
        "means fitted": (fitted, None),
        "means fitted, one factor": (fitted, factor),
    }
    confidences = {name: moved(runs, *wanted) for name, wanted in targets.items()}
    scores = {AS_IT_IS: entry}
    for name, each in confidences.items():
        if name != AS_IT_IS:
            bank = Bank({**banks["unlearned"].arrays, "confidence_forget": each})
            scores[name] = score_banks({**banks, "unlearned": bank}, originals)
    gains = {
        name: gain(confidences[one], confidences[other], oracle, originals, entry.ceiling.value)
        for name, (one, other) in GAINS.items()
    }
    return Changed(scores, gains)


def gain(
    one: Array, other: Array, oracle: Array, originals: Sequence[int], ceiling: float
) -> Number:
    """Return F of one bank less that of the other, as a share of the ceiling; 0 of a ceiling of 0.

    Args:
        one: confidences `(n_models, n_examples)`.
        other: of the same runs, changed otherwise.
        oracle: of the oracles.
        originals: that each run started from.
        ceiling: F of retrained models against each other.
    """
    # The exchange of runs, of which one is the least, is not looked at.
    found = paired_difference(
        one, other, oracle, make_rule(RULE), originals=originals, n_permutations=1
    )
    scale = 1.0 / ceiling if ceiling else 0.0
    value, error = scale * found.difference, scale * found.standard_error
    return from_error(value, error, len(one), "models a side", "of the ceiling")


def moved(runs: Array, means: Array | None, factors: Array | None) -> Array:
    """Return runs with other means and spreads over runs; None leaves them as they are.

    Args:
        runs: `(n_models, n_examples)`.
        means: `(n_examples,)`.
        factors: `(n_examples,)` by which deviations from the mean are multiplied.
    """
    own = runs.mean(axis=0)
    deviations = runs - own if factors is None else (runs - own) * factors
    return np.asarray((own if means is None else means) + deviations)
