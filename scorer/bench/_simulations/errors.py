"""Standard error of F against its true standard deviation over fresh models."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import score_errors
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank

N_EXAMPLES = 130
N_DRAWS = 16
REPEATS_PER_ROUND = 30

METHODS = {
    "null": {},
    "bias 0.5": {"bias": 0.5},
    "bias 1": {"bias": 1.0},
    "spread 0.7": {"spread": 0.7},
}
"""Unlearned models by what they differ in from oracles, in oracle standard deviations."""


class Case(NamedTuple):
    """One row."""

    rule: str
    n_models: int
    rho: float
    method: str


CASES = [
    *(Case("competition", *rest) for rest in product((32, 64), (0.0, 0.5, 0.9), METHODS)),
    *(Case("exact", *rest) for rest in product((32,), (0.0, 0.5), METHODS)),
]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Draw fresh banks many times; return mean and true deviation of F, and the mean error."""
    rule, n = make_rule(case.rule), case.n_models
    values, errors = [], []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        oracle = normal_bank(rng, n, N_EXAMPLES, rho=case.rho)
        unlearned = normal_bank(rng, n, N_EXAMPLES, rho=case.rho, **METHODS[case.method])
        values.append(forgetting_quality(unlearned, oracle, rule).value)
        found = score_errors(unlearned, oracle, rule, n_draws=N_DRAWS, seed=repeat)
        errors.append(found.forgetting_quality)
    true_sd, mean_error = np.std(values, ddof=1), np.mean(errors)
    covered = np.abs(np.array(values) - np.mean(values)) <= 1.96 * np.array(errors)
    return [
        *case, float(np.mean(values)), float(true_sd), float(mean_error),
        float(mean_error / true_sd), float(covered.mean()), len(values),
    ]  # fmt: skip


SIMULATION = Simulation(
    "errors",
    "standard error of F",
    f"F of fresh banks of S={N_EXAMPLES} examples: its true standard deviation over repeats, the"
    f" mean of the standard errors that {N_DRAWS} draws give (a score takes more, which makes a"
    " single error steadier), their ratio, and how often F lies within 1.96 errors of its mean."
    " rho is the share of variance from an effect common to all examples of a model; bias and"
    " spread are in standard deviations of the oracles.",
    ("rule", "N", "rho", "method", "F", "true sd", "mean error", "error / true", "covers", "n"),
    CASES,
    row,
)
