"""Scores of banks that a study made itself, by the measures that every score goes through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scorer.measures import measure
from scorer.measures.base import Evidence
from scorer.metric.rules import make_rule
from scorer.oracles.outputs import Bank
from scorer.studies.findings import Number
from scorer.studies.intervals import from_error

MEASURES = ("forgetting", "errors")

RULE = "competition"


@dataclass(frozen=True)
class Score:
    """F and the relative score of a bank, each with its interval.

    Attributes:
        forgetting_quality: F.
        relative_score: final score over the ceiling's, 0 where the ceiling is 0.
        relative_score_se: its standard error over models and examples.
        ceiling: F of retrained models against each other.
    """

    forgetting_quality: Number
    relative_score: Number
    relative_score_se: float
    ceiling: Number


def score_banks(banks: Mapping[str, Bank], originals: Sequence[int] | None = None) -> Score:
    """Return the score of the bank "unlearned".

    Args:
        banks: "unlearned", "oracle" and "control", of equal size, with `confidence_forget`,
            `correct_retain` and `correct_test`.
        originals: that each run started from, by default one for all.
    """
    n_models, n_examples = banks["oracle"].confidence().shape
    evidence = Evidence(
        # The floor is not looked at here, and the measure wants one.
        banks={**banks, "floor": banks["oracle"]},
        stratum=np.full(n_examples, "all"),
        rule=make_rule(RULE),
        budget=1.0,
        originals=tuple(originals or (0,) * n_models),
    )
    values = measure(evidence, MEASURES).values

    def number(name: str) -> Number:
        error = values.get(f"{name}_se")
        return from_error(values[name] or 0.0, error or 0.0, n_models, "models")

    return Score(
        number("forgetting_quality"),
        number("relative_score"),
        values.get("relative_score_se") or 0.0,
        number("ceiling"),
    )
