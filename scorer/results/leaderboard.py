"""Which records may be ranked together, in what order, and where the order is within noise."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from scorer.measures import fields
from scorer.measures.base import Measurement, value_at
from scorer.metric.arrays import BoolArray
from scorer.options import OWN_FORGET_SET
from scorer.results.record import IDENTITY, NOT_IN_FILE, Record
from scorer.results.selection import select

SIGNIFICANCE = 0.05
"""Chance, at most, that a board ranks any two of equal methods apart."""


KIT_ROWS = ("ceiling", "floor", "original", "retrain")
"""Names of rows that are nobody's file."""

DIGESTS = ("fingerprint", "bank_sha256")
"""Parts of an identity that are shown by their first letters."""


def columns() -> list[Measurement]:
    """Return the numbers that a leaderboard shows, from left to right."""
    return [entry for entry in fields().values() if entry.column]


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard.

    Attributes:
        method: name, or "ceiling" and "floor" for the pinned rows.
        kind: "ceiling", "reference" for what the kit makes itself, "method" or "floor".
        rank_best: 1 + number of rows that are ahead, see `is_ahead`; None for pinned rows.
        rank_worst: number of rows less those that are behind.
        values: what the columns show, by field; with each its standard error, where it has one.
        missing: field -> why it is None.
        run_id: of the record.
    """

    method: str
    kind: str
    rank_best: int | None
    rank_worst: int | None
    values: dict[str, Any]
    missing: dict[str, str]
    run_id: str

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, the fields beside the rest."""
        own = vars(self).copy()
        return {**own.pop("values"), **own}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Row:
        """Return a row from JSON values."""
        values = {"missing": {}, **given}
        names = [field.name for field in dataclasses.fields(cls) if field.name != "values"]
        return cls(**{name: values.pop(name) for name in names}, values=values)


@dataclass(frozen=True)
class Group:
    """Records that agree in everything that makes scores comparable.

    Attributes:
        identity: task, forget set, fingerprint, engine, oracle bank, N, rule, delta, design and
            scenario.
        rows: ceiling first, then references, methods best first, floor last.
        budget: share of a retraining that a run may take.
    """

    identity: dict[str, Any]
    rows: list[Row]
    budget: float | None

    def columns(self) -> list[Measurement]:
        """Return what the rows show; a column without any value is left out."""
        return [
            e for e in columns() if any(row.values.get(e.name) is not None for row in self.rows)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**vars(self), "rows": [row.as_dict() for row in self.rows]}


@dataclass(frozen=True)
class Leaderboard:
    """One ranked group for each forget set and scenario of a task, and what is not in it.

    Attributes:
        groups: by the names of task, forget set and scenario, the task's own set first.
        not_comparable: method, task, forget set, scenario and reason of every other record.
    """

    groups: list[Group]
    not_comparable: list[dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**vars(self), "groups": [group.as_dict() for group in self.groups]}


def build_leaderboard(records: Iterable[Record]) -> Leaderboard:
    """Rank the newest record of each method, for each task, forget set and scenario apart.

    A table holds the identity that most methods share, the newest where that is a tie;
    records of another identity are listed with what they differ in, records without a score with
    the reason.
    """
    selection = select(records)
    by_board: dict[tuple[str, bool, str, str], dict[tuple[Any, ...], list[Record]]] = {}
    for record in selection.scored:
        is_other = record.forget != OWN_FORGET_SET
        key = (record.task, is_other, record.forget, record.scenario)
        by_board.setdefault(key, {}).setdefault(record.group, []).append(record)
    apart = [_apart(record, reason) for record, reason in selection.apart]
    groups = []
    for _, identities in sorted(by_board.items()):
        chosen = max(identities.values(), key=lambda rs: (len(rs), max(r.created_at for r in rs)))
        groups.append(_rank(chosen))
        others = (r for records in identities.values() if records is not chosen for r in records)
        apart += [_apart(record, difference(record, chosen[0])) for record in others]
    order = ("task", "forget", "scenario", "method")
    return Leaderboard(groups, sorted(apart, key=lambda one: [one[name] for name in order]))


def _apart(record: Record, reason: str) -> dict[str, str]:
    """Return a record that is not ranked, with the reason."""
    names = ("method", "task", "forget", "scenario", "run_id")
    return {**{name: getattr(record, name) for name in names}, "reason": reason}


def difference(record: Record, other: Record) -> str:
    """Return in what a record differs from another that it cannot be compared with."""
    differing = [name for name in IDENTITY if getattr(record, name) != getattr(other, name)]

    def shown(one: Record, name: str) -> Any:
        value = getattr(one, name)
        if value is None:
            return NOT_IN_FILE
        return value[:8] if name in DIGESTS else value

    if not differing:
        return f"bank_sha256 is {NOT_IN_FILE}, and it is of another pool: other oracles"
    return "; ".join(f"{n} {shown(record, n)} instead of {shown(other, n)}" for n in differing)


def _rank(records: Sequence[Record]) -> Group:
    """Order the records of one identity and pin ceiling, references and floor."""
    latest = max(records, key=lambda record: record.created_at)
    by_score = sorted(records, key=lambda r: (r.within_budget is False, -r.final_score))
    ordered = [record for record in by_score if not record.is_reference]
    rows = [_pinned(latest, "ceiling")]
    names = _names(records)
    rows += [
        _row(record, names[record.run_id], "reference", None, None)
        for record in by_score
        if record.is_reference
    ]
    is_over = np.array([record.within_budget is False for record in ordered])
    errors = [np.inf if r.final_score_se is None else r.final_score_se for r in ordered]
    ahead = is_ahead([record.final_score for record in ordered], errors)
    # To keep the budget is to be ahead of all that do not, whatever the scores.
    ahead = np.where(is_over[:, np.newaxis] == is_over, ahead, is_over)
    better, worse = ahead.sum(axis=0), ahead.sum(axis=1)
    for record, n_better, n_worse in zip(ordered, better, worse, strict=True):
        name = names[record.run_id]
        rows.append(_row(record, name, "method", 1 + int(n_better), len(ordered) - int(n_worse)))
    return Group(latest.identity, [*rows, _pinned(latest, "floor")], latest.budget)


def is_over(row: Row) -> bool:
    """Tell whether a line is of a method over its budget."""
    return str(row.values.get("budget_verdict") or "").startswith("over")


def is_ahead(scores: ArrayLike, standard_errors: ArrayLike) -> BoolArray:
    """Tell which methods are better than which beyond noise, over all pairs together.

    Of methods that are equally good, any two are told apart with a chance of at most
    `SIGNIFICANCE`: a difference counts beyond the studentised range of that many normal values.
    That methods share their oracles makes the chance smaller.

    Args:
        scores: `(n_methods,)`, higher is better.
        standard_errors: `(n_methods,)`; a method whose error is infinite is tied with all.

    Returns:
        bool `(n_methods, n_methods)`, True where the row is ahead of the column.

    Reference:
        Tukey 1953, "The problem of multiple comparisons"; Kramer 1956 for unequal errors.
    """
    values, errors = np.asarray(scores, dtype=np.float64), np.asarray(standard_errors)
    if values.size < 2:
        return np.zeros((values.size, values.size), dtype=bool)
    # Imported here because scipy.stats takes a second, and other readers of records come by.
    from scipy.stats import studentized_range

    limit = studentized_range.isf(SIGNIFICANCE, values.size, np.inf) / 2**0.5
    differences = values[:, np.newaxis] - values
    with np.errstate(over="ignore"):  # an error beyond all numbers ties with all
        return np.asarray(differences > limit * np.hypot(errors[:, np.newaxis], errors))


def _names(records: Sequence[Record]) -> dict[str, str]:
    """Return what each record is called on a board, by its run: no two rows have one name.

    A file that is named like a baseline or a row of the kit is told from it by its path.
    """
    taken = {*KIT_ROWS, *(record.method for record in records if record.is_baseline)}
    return {
        record.run_id: f"{record.method} ({record.method_path or NOT_IN_FILE})"
        if record.method in taken and not (record.is_baseline or record.is_reference)
        else record.method
        for record in records
    }


def _row(
    record: Record, name: str, kind: str, rank_best: int | None, rank_worst: int | None
) -> Row:
    """Return the line of a record."""
    paths = [p for entry in columns() for p in (entry.name, entry.error) if p]
    values = {path: value_at(record.measured, path) for path in paths}
    missing = {path: why for path in paths if (why := record.why_missing(path))}
    return Row(name, kind, rank_best, rank_worst, values, missing, record.run_id)


def _pinned(record: Record, kind: str) -> Row:
    """Return the ceiling (control models) or the floor (the original) as a line."""
    values: dict[str, Any] = {}
    for entry in columns():
        values[entry.name] = value_at(record.measured, getattr(entry, kind))
        if entry.error:
            error = entry.ceiling_error if kind == "ceiling" else None
            values[entry.error] = value_at(record.measured, error)
    return Row(kind, kind, None, None, values, {}, record.run_id)
