"""What scoring costs: each rule at the size of the competition, against the released search."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from scorer.bench._grids import grid_epsilon
from scorer.bench._timing import Candidate, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import RULES, Rule, make_rule

MIB = 2**20


def measure(settings: Settings, *, n_models: int = 512, n_examples: int = 1000) -> Report:
    """Time every rule on two banks, in turns with one example a round through the full grids.

    Args:
        settings: how many rounds.
        n_models: N.
        n_examples: S.
    """
    unlearned, oracle = simulated_banks(n_models, n_examples)
    columns = cycle(range(n_examples))

    def grids(n_units: int) -> None:
        for column in islice(columns, n_units):
            grid_epsilon(unlearned[:, column], oracle[:, column])

    rules = {name: scoring(make_rule(name), n_models, n_examples) for name in RULES}
    candidates = {**rules, "full grids": Candidate(grids)}
    turns = alternate(candidates, settings.rounds, on_round=settings.on_round)
    one = turns["full grids"]
    report = BENCH.report(settings)
    report.values |= {"n_models": n_models, "n_examples": n_examples}
    for name, candidate in rules.items():
        own = turns[name]
        report.add(f"rule {name}, {n_examples} examples", "s", own.seconds, f"{name}_s")
        report.add(f"rule {name}, peak", "MiB", traced_peak_mib(candidate.run), f"{name}_peak_mib")
        title, faster = f"rule {name} over the full grids", own.rates / one.rates
        report.add(title, "times faster", faster, f"{name}_ratio_vs_grids")
    report.add("full grids, one example", "s", one.seconds, "grids_s_per_example")
    report.notes += [
        f"N={n_models} models, S={n_examples} simulated examples of normal confidences",
        "full grids: the released search, which runs on a GPU, written in NumPy for the processor;"
        " one example a round is timed, and the ratio is per example, extrapolated to all; they"
        " give what rule competition gives, rule exact tries more attacks",
        "peak: memory that Python and NumPy allocate meanwhile, by tracemalloc in one untimed call,"
        " the two banks themselves not counted",
    ]
    return report


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


BENCH = Bench("metric", "time and memory of each rule, against the released grids", measure)
