"""Certified bounds against the truth, on laws whose epsilon is known."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from scorer.bench._simulations.base import Row, Simulation
from scorer.metric.bounds import epsilon_lower_bounds
from scorer.simulated.laws import LAWS

REPEATS_PER_ROUND = 300


class Case(NamedTuple):
    """One row."""

    law: str
    n_models: int
    delta: float


CASES = [Case(*each) for each in product(LAWS, (64, 256), (1e-5, 0.1))]


def row(case: Case, rng: np.random.Generator, rounds: int) -> Row:
    """Bound fresh samples of a law; each example is a repeat."""
    law, n_repeats = LAWS[case.law], REPEATS_PER_ROUND * rounds
    banks = law.draw(rng, (case.n_models, n_repeats))
    bounds = epsilon_lower_bounds(*banks, delta=case.delta).epsilons_lb
    truth = law.epsilon(case.delta)
    above, positive = (bounds > truth).mean(), (bounds > 0.0).mean()
    shown = truth if np.isfinite(truth) else "infinite"
    return [*case, shown, float(bounds.mean()), float(positive), float(above), n_repeats]


SIMULATION = Simulation(
    "certified",
    "certified bounds",
    "On laws with a known epsilon at delta: the mean of the bounds, how often they are above 0, and"
    " how often above the truth, of which at most 0.05 is promised.",
    ("law", "N", "delta", "epsilon", "mean bound", "above 0", "above the truth", "n"),
    CASES,
    row,
)
