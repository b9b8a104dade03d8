"""Size and power of the two tests between two methods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.arrays import FloatArray
from scorer.metric.exchange import paired_difference
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank

N_MODELS, N_EXAMPLES = 32, 130
N_DRAWS = 16
N_PERMUTATIONS = 19
REPEATS_PER_ROUND = 30
SIGNIFICANCE = 0.05


class Case(NamedTuple):
    """One row: two methods by their laws, and how far their runs of one seed are alike.

    `shared` is the share of a run's variance that both methods have in common.
    """

    methods: str
    laws: tuple[dict[str, float], dict[str, float]]
    shared: float
    rho: float


CASES = [
    Case("one law", ({}, {}), 0.0, 0.5),
    Case("one law", ({"bias": 0.5}, {"bias": 0.5}), 0.8, 0.5),
    Case("equal F: bias -0.5 and 0.5", ({"bias": -0.5}, {"bias": 0.5}), 0.0, 0.5),
    Case("bias 0.5 and 0.7", ({"bias": 0.5}, {"bias": 0.7}), 0.0, 0.5),
    Case("bias 0.5 and 0.7", ({"bias": 0.5}, {"bias": 0.7}), 0.8, 0.5),
]


def methods(case: Case, rng: np.random.Generator) -> list[FloatArray]:
    """Return the unlearned models of both methods."""
    common = normal_bank(rng, N_MODELS, N_EXAMPLES, rho=case.rho)
    banks = []
    for law in case.laws:
        own = normal_bank(rng, N_MODELS, N_EXAMPLES, rho=case.rho)
        runs = case.shared**0.5 * common + (1.0 - case.shared) ** 0.5 * own
        banks.append(law.get("bias", 0.0) + law.get("spread", 1.0) * runs)
    return banks


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Compare fresh banks of both methods many times."""
    rule = make_rule("competition")
    found = []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        oracle = normal_bank(rng, N_MODELS, N_EXAMPLES, rho=case.rho)
        first, second = methods(case, rng)
        paired = paired_difference(
            first, second, oracle, rule,
            n_draws=N_DRAWS, n_permutations=N_PERMUTATIONS, seed=repeat,
        )  # fmt: skip
        p_values = paired.p_equal_quality, paired.p_equal_law
        found.append((paired.difference, paired.standard_error, *p_values))
    values = np.array(found)
    true_sd, mean_error = values[:, 0].std(ddof=1), values[:, 1].mean()
    rejected = (values[:, 2:] <= SIGNIFICANCE).mean(axis=0)
    return [
        case.methods, case.shared, case.rho, float(values[:, 0].mean()), float(true_sd),
        float(mean_error / true_sd), *map(float, rejected), len(found),
    ]  # fmt: skip


SIMULATION = Simulation(
    "compare",
    "comparing two methods",
    f"Two methods on one bank of oracles (N={N_MODELS}, S={N_EXAMPLES}, rule competition): mean and"
    " true standard deviation of the difference of their F, its mean error over the true one, and"
    f" the share of repeats in which each test says p <= {SIGNIFICANCE:g}. The test of equal F is"
    " meant to say so in 0.05 of the repeats where F is equal, the test of one law where the laws"
    " are. Shared is the share of a run's variance that both methods have in common with the seed.",
    (
        "methods", "shared", "rho", "difference", "true sd", "error / true",
        "rejects equal F", "rejects one law", "n",
    ),
    CASES,
    row,
)  # fmt: skip
