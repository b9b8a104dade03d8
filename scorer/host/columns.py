"""What the platform's leaderboard shows of a record, and how its rows are ordered."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scorer.measures.base import value_at
from scorer.results.record import Record

OVER_BUDGET = 1000.0
"""Taken off the relative score of what is over its budget: such rows rank below all others."""

LARGEST = 1e9
"""The platform keeps ten digits before the point."""


@dataclass(frozen=True)
class Column:
    """One column of the leaderboard.

    Attributes:
        key: in `scores.json`; the path of the number in a record where `own` is false.
        title: as it is shown.
        sorting: "desc" where higher is better, else "asc".
        precision: decimals shown.
        hidden: whether people see it.
    """

    key: str
    title: str
    sorting: str
    precision: int = 3
    hidden: bool = False


RANK, RELATIVE, WITHIN, FAULTS = "rank_score", "relative_score", "within_budget", "faults"

COLUMNS = (
    Column(RANK, "relative score, over budget below", "desc", 6, hidden=True),
    Column(RELATIVE, "relative score", "desc", 4),
    Column("forgetting_quality", "F", "desc"),
    Column("forgetting_quality_se", "SE of F", "asc"),
    Column("retain_accuracy", "RA", "desc"),
    Column("test_accuracy", "TA", "desc"),
    Column("time_ratio", "time / retrain", "asc", 2),
    Column("compute_ratio", "compute / retrain", "asc", 2),
    Column(WITHIN, "within budget", "desc", 0),
    Column(FAULTS, "faults", "asc", 0),
)
"""From left to right; the first decides the order."""


def scores_of(record: Record) -> dict[str, float]:
    """Return what `scores.json` holds: no number that could rank where a run failed.

    A number that a record lacks is left out; nothing is NaN or infinite, or larger than the
    platform can keep.
    """
    found: dict[str, float] = {FAULTS: len(record.faults)}
    if record.faults or record.relative_score is None:
        return found
    for column in COLUMNS:
        value = value_at(record.measured, column.key)
        if value is not None and math.isfinite(value):
            found[column.key] = min(float(value), LARGEST)
    # What has no verdict was not shown to keep its budget.
    keeps = record.within_budget is True
    found[WITHIN] = float(keeps)
    found[RANK] = found[RELATIVE] - (0.0 if keeps else OVER_BUDGET)
    return found
