"""What scoring costs: each rule at the size of the competition, against the released search."""

from __future__ import annotations

import statistics
import tracemalloc

import numpy as np

from scorer.bench.base import Bench, Settings
from scorer.bench.grid import grid_epsilon
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, alternate, ratios
from scorer.metric.arrays import FloatArray
from scorer.metric.rules import RULES, Rule, make_rule

N_MODELS = 512
N_EXAMPLES = 1000
MIB = 2**20


def measure(
    settings: Settings, *, n_models: int = N_MODELS, n_examples: int = N_EXAMPLES
) -> Report:
    """Time every rule on two banks, in turns with one example a round through the full grids.

    Args:
        settings: how many rounds.
        n_models: N.
        n_examples: S.
    """
    unlearned, oracle = simulated_banks(n_models, n_examples)
    rules = {name: make_rule(name) for name in RULES}
    example = iter(range(10**9))

    def grid(n_units: int) -> None:
        for _ in range(n_units):
            column = next(example) % n_examples
            grid_epsilon(unlearned[:, column], oracle[:, column])

    candidates = [_candidate(rule, unlearned, oracle) for rule in rules.values()]
    turns = alternate(
        [*candidates, Candidate("grid", grid)],
        settings.rounds,
        turn_s=0.0,
        on_round=lambda done: settings.progress("bench", done, settings.rounds),
    )
    report = Report("metric", BENCH.command("", settings.rounds))
    report.values |= {"n_models": n_models, "n_examples": n_examples, "rules": {}}
    per_example = turns[-1]
    for (name, rule), own in zip(rules.items(), turns[:-1], strict=True):
        seconds = [cost * n_examples for cost in own.costs]
        elapsed_s = report.add(f"rule {name}, {n_examples} examples", "s", seconds)
        peak_mib = report.add(
            f"rule {name}, peak", "MiB", [traced_peak_mib(rule, unlearned, oracle)]
        )
        faster = report.add(
            f"rule {name} over the full grids", "times faster", ratios(own, per_example)
        )
        values = {"elapsed_s": elapsed_s, "peak_mib": peak_mib, "ratio_vs_grid": faster}
        report.values["rules"][name] = values
    report.values |= report.values["rules"]["competition"]
    report.add("full grids, one example", "s", per_example.costs, "grid_s_per_example")
    report.values["grid_s"] = n_examples * statistics.median(per_example.costs)
    report.notes += [
        f"N={n_models} models, S={n_examples} simulated examples of normal confidences",
        "full grids: the released search, which runs on a GPU, written in NumPy for the processor;"
        " one example a round is timed, and the ratio is per example, extrapolated to all; they"
        " give what rule competition gives, rule exact tries more attacks",
        "peak: memory that Python and NumPy allocate meanwhile, by tracemalloc in one untimed call,"
        " the two banks themselves not counted",
    ]
    return report


def simulated_banks(n_models: int, n_examples: int) -> tuple[FloatArray, FloatArray]:
    """Return unlearned and oracle confidences `(n_models, n_examples)`, 0.2 deviations apart."""
    rng = np.random.default_rng(0)
    mean, spread = rng.normal(2.0, 4.0, n_examples), rng.uniform(0.5, 2.0, n_examples)
    shape = (n_models, n_examples)
    return rng.normal(mean + 0.2 * spread, spread, shape), rng.normal(mean, spread, shape)


def traced_peak_mib(rule: Rule, unlearned: FloatArray, oracle: FloatArray) -> float:
    """Return the most memory that a rule holds at once, besides its arguments."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        rule.epsilons(unlearned, oracle)
        return (tracemalloc.get_traced_memory()[1] - before) / MIB
    finally:
        tracemalloc.stop()


def _candidate(rule: Rule, unlearned: FloatArray, oracle: FloatArray) -> Candidate:
    """Return a rule over all examples as one unit of work."""

    def run(n_units: int) -> None:
        for _ in range(n_units):
            rule.epsilons(unlearned, oracle)

    return Candidate(rule.name, run, unlearned.shape[1])


BENCH = Bench("metric", "time and memory of each rule, against the released grids", measure)
