"""Errors of a method whose runs start from several originals, and what one original hides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.exchange import permutation_test
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import score_errors
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank, normal_bank_from_originals

N_MODELS, N_EXAMPLES = 64, 130
N_DRAWS = 16
N_PERMUTATIONS = 19
REPEATS_PER_ROUND = 10
SIGNIFICANCE = 0.05


class Case(NamedTuple):
    """One row: `between` is the share of the variance that originals carry."""

    n_originals: int
    between: float
    rho: float
    bias: float


CASES = [
    Case(1, 0.09, 0.5, 0.0),
    Case(8, 0.0, 0.5, 0.5),
    Case(8, 0.09, 0.5, 0.0),
    Case(8, 0.09, 0.5, 0.5),
    Case(8, 0.3, 0.5, 0.0),
    Case(8, 0.3, 0.5, 0.5),
    Case(64, 0.3, 0.5, 0.5),
]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Draw fresh originals, runs and oracles many times."""
    rule = make_rule("competition")
    originals = np.arange(N_MODELS) % case.n_originals
    found, between = [], []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        oracle = normal_bank(rng, N_MODELS, N_EXAMPLES, rho=case.rho)
        unlearned = normal_bank_from_originals(
            rng, originals, N_EXAMPLES, between=case.between, bias=case.bias, rho=case.rho
        )
        own, blind = (
            score_errors(unlearned, oracle, rule, originals=given, n_draws=N_DRAWS, seed=repeat)
            for given in (originals, None)
        )
        test = permutation_test(unlearned, oracle, rule, n_permutations=N_PERMUTATIONS, seed=repeat)
        value = forgetting_quality(unlearned, oracle, rule).value
        rejects = test.p_value <= SIGNIFICANCE
        found.append((value, own.forgetting_quality, blind.forgetting_quality, rejects))
        if own.between_originals_sd is not None:
            between.append(own.between_originals_sd)
    values = np.array(found, dtype=np.float64)
    mean, true_sd = values.mean(axis=0), values[:, 0].std(ddof=1)
    return [
        *case, float(mean[0]), float(true_sd), *map(float, mean[1:3] / true_sd),
        float(np.mean(between)) if between else "-", float(mean[3]), len(found),
    ]  # fmt: skip


SIMULATION = Simulation(
    "originals",
    "several originals",
    f"{N_MODELS} runs from some originals, which carry a share of the variance (S={N_EXAMPLES},"
    " rule competition): the true standard deviation of F over fresh originals, runs and oracles;"
    " the mean error over the true one when originals are drawn whole, and when all runs are taken"
    " as independent; the mean standard deviation of F between originals; and how often the"
    f" permutation test says p <= {SIGNIFICANCE:g}: it sees what an original leaves in its runs.",
    (
        "originals", "share", "rho", "bias", "F", "true sd", "error / true",
        "as if independent", "sd between originals", "permutation rejects", "n",
    ),
    CASES,
    row,
)  # fmt: skip
