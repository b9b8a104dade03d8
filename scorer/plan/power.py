"""How far apart two methods must be for N models to tell them apart, by simulation."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import stats

from scorer.measures.base import FULL_SIZE
from scorer.metric.detectable import POWER, SIGNIFICANCE
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule
from scorer.simulated.banks import normal_bank

LIKE = {
    "retrained models": {},
    "a bias of half an oracle sd": {"bias": 0.5},
    "a bias of one oracle sd": {"bias": 1.0},
}
"""Methods by what their models are like; least differences depend on how good both are."""

ORACLE_SD = 2.0
"""Of the confidences, in logits: rule `competition` has a unit, and digits spread about so far."""

RHO = 0.3
"""Share of the variance that all examples of a model have in common."""

METHODS_A_BANK = 4
MOST_BANKS, LEAST_BANKS = 8, 2


@dataclass(frozen=True)
class LeastDifference:
    """What two methods of about one quality must differ by.

    Attributes:
        like: what the models of both are like, a key of `LIKE`.
        forgetting_quality: F of such methods.
        difference: in F, found at p <= 0.05 in four of five repeats.
        relative_difference: the same over the F of retrained models; None where that is 0, as
            with two models.
        n: methods that were simulated.
    """

    like: str
    forgetting_quality: float
    difference: float
    relative_difference: float | None
    n: int


def least_differences(n_models: int, n_examples: int, rule: Rule) -> list[LeastDifference]:
    """Return the least differences for methods that are like each entry of `LIKE`.

    Several methods of one law are held against the same oracles, as on a board: what their F differ
    by is chance.

    Args:
        n_models: N, at least 2.
        n_examples: of the forget set.
        rule: see `scorer.metric.rules.make_rule`.
    """
    rng = np.random.default_rng(0)
    n_banks = int(
        np.clip(MOST_BANKS * FULL_SIZE // (n_models * n_examples), LEAST_BANKS, MOST_BANKS)
    )
    units = stats.t.ppf(1.0 - SIGNIFICANCE / 2, n_models - 1) + stats.norm.ppf(POWER)
    found: dict[str, tuple[float, float]] = {}
    for like, law in LIKE.items():
        qualities = np.empty((n_banks, METHODS_A_BANK))
        for bank in range(n_banks):
            oracle = ORACLE_SD * normal_bank(rng, n_models, n_examples, rho=RHO)
            for method in range(METHODS_A_BANK):
                own = ORACLE_SD * normal_bank(rng, n_models, n_examples, rho=RHO, **law)
                qualities[bank, method] = forgetting_quality(own, oracle, rule).value
        deviation = float(np.sqrt(2.0 * qualities.var(axis=1, ddof=1).mean()))
        found[like] = float(qualities.mean()), float(units) * deviation
    ceiling = found["retrained models"][0]
    n = n_banks * METHODS_A_BANK
    return [
        LeastDifference(like, f, least, least / ceiling if ceiling else None, n)
        for like, (f, least) in found.items()
    ]


def quality_seconds(n_models: int, n_examples: int, rule: Rule) -> float:
    """Return the processor time of one F on this machine."""
    rng = np.random.default_rng(0)
    own, oracle = (ORACLE_SD * normal_bank(rng, n_models, n_examples, rho=RHO) for _ in range(2))
    forgetting_quality(own, oracle, rule)  # compiles, or reads what is compiled
    start = time.process_time()
    forgetting_quality(own, oracle, rule)
    return time.process_time() - start
