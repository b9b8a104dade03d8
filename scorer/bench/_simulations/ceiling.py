"""The ceiling over many pairings against the one pairing of controls with oracles."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.ceiling import relative_score_error, repaired_ceiling
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import score_errors
from scorer.metric.rules import make_rule
from scorer.simulated.banks import normal_bank

N_EXAMPLES = 130
N_PAIRINGS = 30
N_DRAWS = 16
REPEATS_PER_ROUND = 15


class Case(NamedTuple):
    """One row."""

    rule: str
    n_models: int
    rho: float


CASES = [
    *(Case("competition", *rest) for rest in product((32, 64), (0.0, 0.5, 0.9))),
    *(Case("exact", 32, rho) for rho in (0.0, 0.5)),
]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Draw fresh oracles, controls and perfectly unlearned models many times."""
    rule = make_rule(case.rule)
    found = []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        unlearned, control, oracle = (
            normal_bank(rng, case.n_models, N_EXAMPLES, rho=case.rho) for _ in range(3)
        )
        once = forgetting_quality(control, oracle, rule).value
        many = repaired_ceiling(control, oracle, rule, n_pairings=N_PAIRINGS, seed=repeat)
        mean, error = many.forgetting_quality, many.forgetting_quality_se
        own = forgetting_quality(unlearned, oracle, rule).value
        own_error = score_errors(unlearned, oracle, rule, n_draws=N_DRAWS, seed=repeat)
        relative_error = relative_score_error(own, own_error.forgetting_quality, mean, error)
        within_2 = abs(own / mean - 1.0) <= 2.0 * relative_error
        found.append((once, mean, error, own / once, own / mean, relative_error, within_2))
    values = np.array(found, dtype=np.float64)
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    return [
        *case, *map(float, (mean[0], mean[1], sd[0], sd[1], mean[2] / sd[1], sd[3], sd[4])),
        float(mean[5] / sd[4]), float(mean[6]), len(found),
    ]  # fmt: skip


SIMULATION = Simulation(
    "ceiling",
    "ceiling and relative score of perfect unlearning",
    f"Mean and true standard deviation over repeats of the ceiling by one pairing of N controls"
    f" with N oracles, and by the mean over {N_PAIRINGS} pairings of all 2N models; the mean"
    " stated error over the true one; the true standard deviation of the relative score of a"
    " perfect method (truth: 1) by either ceiling; its stated error over the true one; and how"
    " often it lies within 2 errors of 1.",
    (
        "rule", "N", "rho", "once", "paired", "sd once", "sd paired", "error / true",
        "relative sd once", "relative sd paired", "relative error / true", "within 2", "n",
    ),
    CASES,
    row,
)  # fmt: skip
