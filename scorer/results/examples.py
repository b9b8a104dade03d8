"""Which examples leak, and how sure that is: one verdict for each example of the forget set."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scorer.errors import ScorerError
from scorer.metric.arrays import FloatArray
from scorer.metric.rules import make_rule
from scorer.results.banks import banks_in
from scorer.results.record import Record

LEAKS = "leaks"
FORGOTTEN = "forgotten as far as N can see"
CANNOT_TELL = "cannot tell"
VERDICTS = (LEAKS, FORGOTTEN, CANNOT_TELL)

FALSE_DISCOVERY_RATE = 0.05
SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Example:
    """One example of the forget set, as the unlearned models and the oracles see it.

    Attributes:
        example: its place in the forget set, from 0: the column of the banks.
        stratum: part of the forget set, such as "hard"; None where the record does not tell.
        verdict: one of `VERDICTS`.
        epsilon: of the record's rule, in `[0, 50]`: of the attack that told best.
        points: what it earns, in `[0, 1]`.
        epsilon_lb: epsilon is at least this, with 95 % confidence for this example alone; 0 is
            "cannot tell". None where N is too small for bounds.
        p_value: by exchange of models, of no difference from the oracles.
        p_adjusted: the same by Benjamini and Hochberg: call all examples up to a value of it
            leaking, and at most that share of the calls is wrong on average.
        mean_error: mean confidence less the oracles', in oracle standard deviations; positive is
            too sure of the label. None where the oracles do not vary.
        log_spread_error: log of the spread over models over the oracles'; negative is too much
            alike. None where one of the two does not vary.
        family: kind of the attack, see `scorer.metric.rules.base.Attack`.
        inside: bank that it says is inside the thresholds.
        low: lower threshold, None where there is none.
        high: upper threshold, likewise.
    """

    example: int
    stratum: str | None
    verdict: str
    epsilon: float
    points: float
    epsilon_lb: float | None
    p_value: float
    p_adjusted: float
    mean_error: float | None
    log_spread_error: float | None
    family: str
    inside: str
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Examples:
    """All examples of the forget set of one record.

    Attributes:
        record: the score that they are of.
        rows: in the order of the forget set.
        chance_epsilon: largest epsilon but for 5 % of the examples that chance alone gives.
        detectable_epsilon: true epsilon that one example must have to be told in four of five
            repeats at this N; None where N is too small to tell anything.
        certifiable_epsilon: bound that N models certify where an attack makes no error, likewise.
    """

    record: Record
    rows: list[Example]
    chance_epsilon: float
    detectable_epsilon: float | None
    certifiable_epsilon: float | None

    def worst(self, n: int) -> list[Example]:
        """Return the n examples that most certainly leak most, the worst first."""
        return sorted(self.rows, key=_badness)[:n]

    def counts(self) -> dict[str | None, dict[str, int]]:
        """Return how many examples of each stratum have each verdict."""
        found: dict[str | None, Counter[str]] = {}
        for row in self.rows:
            found.setdefault(row.stratum, Counter())[row.verdict] += 1
        return {name: {one: found[name][one] for one in VERDICTS} for name in found}

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: what the verdicts rest on, and a row for each example."""
        record, total = self.record, Counter(row.verdict for row in self.rows)
        return {
            "method": record.method,
            "run_id": record.run_id,
            **record.identity,
            "false_discovery_rate": FALSE_DISCOVERY_RATE,
            "chance_epsilon": self.chance_epsilon,
            "detectable_epsilon": self.detectable_epsilon,
            "certifiable_epsilon": self.certifiable_epsilon,
            "verdicts": {one: total[one] for one in VERDICTS},
            "examples": [asdict(row) for row in self.rows],
        }


def examples_of(record: Record, arrays: Mapping[str, np.ndarray]) -> Examples:
    """Return the verdict on every forget example, from the arrays beside a record.

    An example *leaks* where a permutation test tells it from the oracles', at a false discovery
    rate of 5 % over the forget set. It is *forgotten as far as N can see* where the test by itself
    finds nothing and epsilon is one that chance gives too. Between the two, or where N models could
    not be told apart by anything, nobody *can tell*.

    Args:
        record: of a score.
        arrays: its arrays, see `scorer.results.record.read_arrays`.

    Raises:
        ScorerError: it has no score, or its arrays do not hold two banks.
    """
    if record.faults:
        raise ScorerError(f"examples need a score of {record.method}, got: {record.failure}")
    banks = banks_in(arrays, f"the arrays of {record.run_id}")
    # Imported here because scipy.stats takes a second, and whoever reads records comes by.
    from scorer.metric import bounds, detectable, diagnosis
    from scorer.metric.interval_test import exchange_p_values

    unlearned, oracle = banks.unlearned, banks.oracle
    n_models, n_examples = unlearned.shape
    rule = make_rule(record.rule, delta=record.delta)
    found = rule.epsilons(unlearned, oracle)
    p_values = exchange_p_values(unlearned, oracle)
    adjusted = bounds.benjamini_hochberg(p_values)
    errors = diagnosis.diagnose(unlearned, oracle)
    largest = detectable.largest_certifiable_epsilon(n_models, delta=rule.delta)
    lower: list[float | None] = [None] * n_examples
    if largest is not None:
        certified = bounds.epsilon_lower_bounds(
            unlearned, oracle, delta=rule.delta, significance=SIGNIFICANCE
        )
        lower = certified.epsilons_lb.tolist()
    chance = detectable.chance_epsilon(unlearned, oracle, rule)
    smallest = detectable.detectable_epsilon(n_models, delta=rule.delta)
    attacks = [found.attack(column) for column in range(n_examples)]
    is_quiet = (p_values > SIGNIFICANCE) & (found.epsilons <= chance) & (smallest is not None)
    is_quiet &= np.array([attack.family != "none" for attack in attacks])
    points = rule.points(found.epsilons, n_models)
    strata = arrays.get("stratum")
    rows = [
        Example(
            example=column,
            stratum=None if strata is None else str(strata[column]),
            verdict=_verdict(adjusted[column], is_quiet[column]),
            epsilon=attack.epsilon,
            points=float(points[column]),
            epsilon_lb=lower[column],
            p_value=float(p_values[column]),
            p_adjusted=float(adjusted[column]),
            mean_error=_finite(errors.mean_errors[column]),
            log_spread_error=_finite(errors.log_spread_errors[column]),
            family=attack.family,
            inside=attack.inside,
            low=_finite(attack.low),
            high=_finite(attack.high),
        )
        for column, attack in enumerate(attacks)
    ]
    return Examples(record, rows, chance, smallest, largest)


def _verdict(p_adjusted: float, is_quiet: bool) -> str:
    """Return what is said of one example."""
    if p_adjusted <= FALSE_DISCOVERY_RATE:
        return LEAKS
    return FORGOTTEN if is_quiet else CANNOT_TELL


def _badness(row: Example) -> tuple[float, ...]:
    """Return what sorts examples: certified first, then told, then suspected."""
    certified, bias = row.epsilon_lb or 0.0, row.mean_error or 0.0
    return -certified, row.p_adjusted, -row.epsilon, -abs(bias)


def _finite(value: float | FloatArray) -> float | None:
    """Return a number as JSON has it, None for NaN and infinity."""
    return float(value) if math.isfinite(value) else None
