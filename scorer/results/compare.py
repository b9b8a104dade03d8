"""Is the difference between two methods real? Run by run, over the oracles that both share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scorer.errors import ScorerError, UsageError, unknown_name
from scorer.metric.exchange import PairedDifference, paired_difference
from scorer.metric.rules import make_rule
from scorer.results.banks import read_banks
from scorer.results.leaderboard import difference
from scorer.results.record import IDENTITY, Problem, Record, arrays_path
from scorer.results.selection import select

QUESTIONS = {
    "p_equal_quality": "have both methods the same expected F?",
    "p_equal_law": "could run i of both methods be exchanged: one law of models?",
}
"""What each p-value answers; two methods may have one F and two laws."""


@dataclass(frozen=True)
class Comparison:
    """Two records of one identity, and the difference of their F.

    Attributes:
        first: the newest record of a method whose arrays are sound.
        second: the same of another method.
        paired: difference, error and p-values.
        problems: of newer records, that could not be read.
    """

    first: Record
    second: Record
    paired: PairedDifference
    problems: list[Problem]

    def as_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "first": self.first.method,
            "second": self.second.method,
            **self.first.identity,
            "forgetting_quality": [self.first.forgetting_quality, self.second.forgetting_quality],
            "difference": self.paired.difference,
            "difference_se": self.paired.standard_error,
            **{name: getattr(self.paired, name) for name in QUESTIONS},
            "questions": QUESTIONS,
        }


def comparable_pairs(
    records: Iterable[Record], first: str, second: str
) -> list[tuple[Record, Record]]:
    """Return the pairs of records of two methods that are comparable, newest first.

    Raises:
        UsageError: the methods are one, a method has no record with a score, or no two are
            comparable.
    """
    if first == second:
        raise UsageError(
            f"compare needs two methods, got {first} twice; a method does not differ from itself"
        )
    selection = select(records)
    scored: dict[str, list[Record]] = {}
    for record in selection.scored:
        scored.setdefault(record.method, []).append(record)
    for name in (first, second):
        reasons = [reason for record, reason in selection.apart if record.method == name]
        if name not in scored and reasons:
            raise UsageError(f"{name} must have a score to be compared, got: {reasons[0]}")
        if name not in scored:
            raise unknown_name("result", name, scored)
    pairs = [(a, b) for a in scored[first] for b in scored[second] if a.group == b.group]
    if not pairs:
        one, other = (max(scored[it], key=lambda r: r.created_at) for it in (first, second))
        raise UsageError(
            f"{first} and {second} must have results that agree in {', '.join(IDENTITY)}, got none"
            f" such; the newest of {first} has {difference(one, other)}; score both under the same"
            " conditions"
        )
    return sorted(pairs, key=lambda pair: (pair[0].created_at, pair[1].created_at), reverse=True)


def compare(records: Iterable[Record], first: str, second: str, results_dir: Path) -> Comparison:
    """Compare the newest comparable records of two methods whose arrays are sound.

    Raises:
        UsageError: see `comparable_pairs`.
        ScorerError: no pair has sound arrays.
    """
    problems: list[Problem] = []
    for pair in comparable_pairs(records, first, second):
        banks = []
        for record in pair:
            try:
                banks.append(read_banks(record, results_dir))
            except ScorerError as error:
                problems.append(Problem(arrays_path(record, results_dir), str(error)))
        if len(banks) == len(pair):
            rule = make_rule(pair[0].rule, delta=pair[0].delta)
            one, other = banks
            path = arrays_path(pair[1], results_dir)
            if not np.array_equal(one.oracle, other.oracle):
                what = f"{path} must be of the oracles of {first}, got others; score both again"
                problems.append(Problem(path, what))
                continue
            originals = one.originals if other.originals is None else other.originals
            try:
                paired = paired_difference(
                    one.unlearned, other.unlearned, one.oracle, rule, originals=originals
                )
            except ValueError as error:
                problems.append(Problem(path, f"{path} must fit the arrays of {first}: {error}"))
                continue
            return Comparison(*pair, paired, problems)
    raise ScorerError("\n".join(problem.message for problem in problems))
