"""Is the difference between two methods real? Paired over the oracles that both share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scorer.errors import UsageError, unknown_name
from scorer.metric.calibration import PairedDifference, paired_difference
from scorer.metric.rules import make_rule
from scorer.results.record import IDENTITY, Record, read_arrays


@dataclass(frozen=True)
class Comparison:
    """Two records of one identity, and the difference of their F."""

    first: Record
    second: Record
    paired: PairedDifference

    def as_dict(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "first": self.first.method,
            "second": self.second.method,
            **self.first.identity,
            "forgetting_quality": [self.first.forgetting_quality, self.second.forgetting_quality],
            "difference": self.paired.difference,
            "difference_se": self.paired.standard_error,
            "p_value": self.paired.p_value,
        }


def newest_pair(records: Iterable[Record], first: str, second: str) -> tuple[Record, Record]:
    """Return the newest records of two methods that are comparable.

    Raises:
        UsageError: a method has no record without faults, or no two are comparable.
    """
    scored = [record for record in records if not record.faults]
    for name in (first, second):
        if all(record.method != name for record in scored):
            raise unknown_name("result", name, {record.method for record in scored})
    pairs = [
        (a, b)
        for a in scored
        for b in scored
        if a.method == first and b.method == second and a.identity == b.identity
    ]
    if not pairs:
        raise UsageError(
            f"{first} and {second} must have results that agree in {', '.join(IDENTITY)}, got none"
            " such; score both under the same conditions"
        )
    return max(pairs, key=lambda pair: (pair[0].created_at, pair[1].created_at))


def compare(records: Iterable[Record], first: str, second: str, results_dir: Path) -> Comparison:
    """Compare the newest comparable records of two methods.

    Raises:
        UsageError: see `newest_pair`.
    """
    a, b = newest_pair(records, first, second)
    banks = [read_arrays(record, results_dir) for record in (a, b)]
    paired = paired_difference(
        banks[0]["unlearned_confidence"],
        banks[1]["unlearned_confidence"],
        banks[0]["oracle_confidence"],
        make_rule(a.rule, delta=a.delta),
    )
    return Comparison(a, b, paired)
