"""A rule on simulated banks, as a unit of work."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from scorer.bench._timing import Candidate
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule

MIB = 2**20


def simulated_banks(
    n_models: int, n_examples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unlearned and oracle confidences `(n_models, n_examples)`, 0.2 deviations apart."""
    rng = np.random.default_rng(0)
    mean, spread = rng.normal(2.0, 4.0, n_examples), rng.uniform(0.5, 2.0, n_examples)
    shape = (n_models, n_examples)
    return rng.normal(mean + 0.2 * spread, spread, shape), rng.normal(mean, spread, shape)


def scoring(rule: Rule, n_models: int, n_examples: int) -> Candidate:
    """Return the forgetting quality of two banks by a rule, each of whose examples is work."""
    unlearned, oracle = simulated_banks(n_models, n_examples)

    def run(n_units: int) -> None:
        for _ in range(n_units):
            forgetting_quality(unlearned, oracle, rule)

    return Candidate(run, n_examples)


def traced_peak_mib(run: Callable[[int], object]) -> float:
    """Return the most memory that Python and NumPy hold at once during a unit of work."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run(1)
        return (tracemalloc.get_traced_memory()[1] - before) / MIB
    finally:
        tracemalloc.stop()
