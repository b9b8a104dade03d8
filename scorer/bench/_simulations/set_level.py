"""Size and power of the set-level test, and the error of the ratio of mean variances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.joint import effective_models, mean_variance_ratio, set_level_test
from scorer.simulated.banks import normal_bank
from scorer.simulated.fakes import NOTHING, Fake, affine, coin, copies, other_share

N_EXAMPLES = 130
SIGNIFICANCE = 0.05
REPEATS_PER_ROUND = 40


class Case(NamedTuple):
    """One row."""

    n_models: int
    rho: float
    fake: Fake


CASES = [
    *(Case(n_models, rho, NOTHING) for n_models in (32, 64) for rho in (0.0, 0.3, 0.9)),
    *(
        Case(64, 0.3, fake)
        for fake in (
            affine("bias 0.25", 0.25),
            affine("spread 0.9", 0.0, 0.9),
            coin("two algorithms by coin, bias 0.35", 0.35),
            coin("the same, signs by example", 0.35, by_example=True),
            copies("32 models twice, noise 0.5", 2, 0.5),
            other_share("rho 0.2", 0.2),
            other_share("rho 0.4", 0.4),
        )
    ),
]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Test fresh models against fresh oracles many times."""
    found = []
    for repeat in range(REPEATS_PER_ROUND * rounds):
        fresh, oracle = (
            normal_bank(rng, case.n_models, N_EXAMPLES, rho=case.rho) for _ in range(2)
        )
        fake = case.fake.make(rng, fresh, oracle)
        test, ratio = set_level_test(fake, oracle, seed=repeat), mean_variance_ratio(fake)
        found.append(
            (
                test.auc,
                test.p_value <= SIGNIFICANCE,
                ratio.value,
                ratio.standard_error,
                effective_models(fake, oracle),
            )
        )
    values = np.array(found)
    auc, rejected, ratio_mean, ratio_error, distinct = values.mean(axis=0)
    error_over_true = ratio_error / values[:, 2].std(ddof=1)
    numbers = map(float, (auc, rejected, ratio_mean, error_over_true, distinct))
    return [case.n_models, case.rho, case.fake.name, *numbers, len(found)]


SIMULATION = Simulation(
    "set_level",
    "size and power of the set-level test",
    f"Normal oracles with a share rho of the variance common to all examples of a model,"
    f" S={N_EXAMPLES}. Mean AUC; how often p is at most .05, which is the size of the test where"
    " nothing is wrong and its power elsewhere; variance of model means over that of independent"
    " examples, and its mean stated error over the true one; effective number of models.",
    ("N", "rho", "models", "AUC", "p <= .05", "mean variance", "error / true", "distinct", "n"),
    CASES,
    row,
)
