"""How often a board of methods that are equally good ranks some of them apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.jackknife import score_errors
from scorer.metric.rules import make_rule
from scorer.results.leaderboard import is_ahead
from scorer.simulated.banks import normal_bank

N_MODELS, N_EXAMPLES = 64, 130
N_METHODS = 20
N_DRAWS = 16
REPEATS_PER_ROUND = 10
NORMAL_95 = 1.959964


class Case(NamedTuple):
    """One row."""

    bias: float
    rho: float


CASES = [Case(0.0, 0.5), Case(0.5, 0.0), Case(0.5, 0.5)]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Score equal methods against one bank of oracles, many times over."""
    rule = make_rule("competition")
    by_range, by_pair = [], []
    for _ in range(REPEATS_PER_ROUND * rounds):
        oracle = normal_bank(rng, N_MODELS, N_EXAMPLES, rho=case.rho)
        scores, errors = np.empty(N_METHODS), np.empty(N_METHODS)
        for method in range(N_METHODS):
            own = normal_bank(rng, N_MODELS, N_EXAMPLES, bias=case.bias, rho=case.rho)
            scores[method] = forgetting_quality(own, oracle, rule).value
            found = score_errors(own, oracle, rule, n_draws=N_DRAWS, seed=method)
            errors[method] = found.forgetting_quality
        apart = scores[:, np.newaxis] - scores > NORMAL_95 * np.hypot(errors[:, np.newaxis], errors)
        by_range.append(is_ahead(scores, errors).any())
        by_pair.append(apart.any())
    return [*case, float(np.mean(by_pair)), float(np.mean(by_range)), len(by_range)]


SIMULATION = Simulation(
    "ties",
    "rank groups of equal methods",
    f"{N_METHODS} methods of one law on one bank of oracles (N={N_MODELS}, S={N_EXAMPLES}, rule"
    " competition): share of boards on which some two are ranked apart, were every pair held"
    " against 1.96 errors of its difference, and by the studentised range over the board, which"
    " is what the leaderboard does (at most 0.05 is meant).",
    ("bias", "rho", "each pair", "over the board", "n"),
    CASES,
    row,
)
