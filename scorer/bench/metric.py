"""What scoring costs: each rule at the size of the competition, against the released search."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import cycle, islice

import numpy as np

from scorer.bench._timing import Candidate, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.metric.arrays import FloatArray
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import RULES, Rule, make_rule

MIB = 2**20
EPSILON_CAP = 50.0
MIN_RANGE_RATIO = 0.01
PER_UNIT = 100
BUFFER = 2.0
N_LEFT = 400


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


def simulated_banks(n_models: int, n_examples: int) -> tuple[FloatArray, FloatArray]:
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


def grid_epsilon(unlearned: FloatArray, oracle: FloatArray, delta: float = 1e-5) -> float:
    """Return epsilon of one example by the released scorer's search, threshold by threshold.

    Every threshold of the released grids is compared with every model: about 400 single ones, and
    400 x 400 intervals. Rates and dropped thresholds follow the repaired rule `competition`, in
    float64, so that both give the same epsilon.

    Args:
        unlearned: `(n_models,)` confidences.
        oracle: `(n_models,)`.
        delta: in `[0, 1)`.

    Returns:
        Epsilon in `[0, 50]`; 50 where no threshold survives.

    Reference:
        `metric.py` of google-deepmind/unlearning_evaluation (grids and order of comparisons).
    """
    ranges = sorted([float(np.ptp(unlearned)), float(np.ptp(oracle))])
    if ranges[1] > 0 and ranges[0] / ranges[1] < MIN_RANGE_RATIO:
        return EPSILON_CAP
    negative, positive = sorted((oracle, unlearned), key=np.median)
    rates = [_single_rates(positive, negative)]
    rates.append(_interval_rates(*sorted((negative, positive), key=np.ptp)))
    fpr, fnr = np.concatenate(rates, axis=1)
    epsilons = _epsilons(fpr, fnr, delta)
    return float(min(EPSILON_CAP, epsilons.max())) if epsilons.size else EPSILON_CAP


def _single_rates(positive: FloatArray, negative: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return FPR and FNR of every single threshold."""
    both = np.concatenate([positive, negative])
    low, high = both.min(), both.max()
    thresholds = np.linspace(low, high, int(np.ceil((high - low) * PER_UNIT)))[:, np.newaxis]
    return (negative >= thresholds).mean(axis=1), (positive < thresholds).mean(axis=1)


def _interval_rates(narrow: FloatArray, wide: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return FPR and FNR of every interval, which predicts the bank of the smaller range."""
    width = narrow.max() - narrow.min()
    start, stop = narrow.min() + width - BUFFER, narrow.max() + BUFFER
    right = np.linspace(start, stop, int(np.ceil((stop - start) * PER_UNIT)))
    left = np.linspace(right - width - BUFFER, right - width + BUFFER, N_LEFT)
    low, high = left[..., np.newaxis], right[np.newaxis, :, np.newaxis]
    fpr = ((wide >= low) & (wide <= high)).mean(axis=2)
    fnr = 1.0 - ((narrow >= low) & (narrow <= high)).mean(axis=2)
    return fpr.ravel(), fnr.ravel()


def _epsilons(fpr: FloatArray, fnr: FloatArray, delta: float) -> FloatArray:
    """Return epsilon of the thresholds that survive; infinite where both rates are 0."""
    kept = (fpr == 0) == (fnr == 0)
    fpr, fnr = fpr[kept], fnr[kept]
    with np.errstate(divide="ignore", invalid="ignore"):
        forward = np.log(1.0 - delta - fpr) - np.log(fnr)
        backward = np.log(1.0 - delta - fnr) - np.log(fpr)
    both = np.fmax(forward, backward)
    return np.asarray(np.maximum(0.0, both[~np.isnan(both)]))


BENCH = Bench("metric", "time and memory of each rule, against the released grids", measure)
