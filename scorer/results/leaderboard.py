"""Which records may be ranked together, in what order, and where the order is within noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scorer.results.record import IDENTITY, Record

Z_95 = 1.959964
"""Two-sided 95 % of the normal distribution."""


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard.

    Attributes:
        method: name, or "ceiling" and "floor" for the pinned rows.
        kind: "ceiling", "method" or "floor".
        rank_best: 1 + number of rows that are better beyond noise; None for pinned rows.
        rank_worst: number of rows less those that are worse beyond noise.
        forgetting_quality: F, with its standard error over models; the others likewise.
        within_budget: None where no time was taken.
    """

    method: str
    kind: str
    rank_best: int | None
    rank_worst: int | None
    forgetting_quality: float | None
    forgetting_quality_se: float | None
    retain_accuracy: float | None
    test_accuracy: float | None
    time_ratio: float | None
    within_budget: bool | None
    final_score: float | None
    final_score_se: float | None
    relative_score: float | None
    relative_score_se: float | None
    run_id: str


@dataclass(frozen=True)
class Group:
    """Records that agree in everything that makes scores comparable.

    Attributes:
        identity: task, fingerprint, engine, N, rule, delta and design.
        rows: ceiling first, methods best first, floor last.
        budget: share of a retraining that a run may take.
    """

    identity: dict[str, Any]
    rows: list[Row]
    budget: float


@dataclass(frozen=True)
class Leaderboard:
    """One ranked group a task, and what could not be ranked with it.

    Attributes:
        groups: one a task.
        not_comparable: method, task and reason of every other record.
    """

    groups: list[Group]
    not_comparable: list[dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def build_leaderboard(records: Iterable[Record]) -> Leaderboard:
    """Rank the newest record of each method, task by task.

    A task's table holds the identity that most methods share, the newest where that is a tie;
    records of another identity are listed with what they differ in, records with faults with the
    faults.
    """
    newest: dict[tuple[Any, ...], Record] = {}
    for record in records:
        key = (record.method, *record.identity.values())
        if key not in newest or newest[key].created_at < record.created_at:
            newest[key] = record
    by_identity: dict[tuple[Any, ...], list[Record]] = {}
    apart: list[dict[str, str]] = []
    for record in newest.values():
        if record.faults:
            names = ", ".join(sorted({str(fault["fault"]) for fault in record.faults}))
            reason = f"{len(record.faults)} of {record.n_models} runs failed: {names}"
            apart.append(_apart(record, reason))
        else:
            by_identity.setdefault(tuple(record.identity.values()), []).append(record)
    groups = []
    for task in sorted({records[0].task for records in by_identity.values()}):
        of_task = [records for records in by_identity.values() if records[0].task == task]
        chosen = max(of_task, key=lambda rs: (len(rs), max(r.created_at for r in rs)))
        groups.append(_rank(chosen))
        for others in of_task:
            if others is not chosen:
                apart += [_apart(r, _difference(r, chosen[0])) for r in others]
    return Leaderboard(groups, sorted(apart, key=lambda one: (one["task"], one["method"])))


def _apart(record: Record, reason: str) -> dict[str, str]:
    """Return a record that is not ranked, with the reason."""
    return {"method": record.method, "task": record.task, "reason": reason, "run_id": record.run_id}


def _difference(record: Record, other: Record) -> str:
    """Return in what a record differs from those that are ranked."""
    parts = []
    for name in IDENTITY:
        mine, theirs = getattr(record, name), getattr(other, name)
        if mine != theirs:
            if name == "fingerprint":
                mine, theirs = mine[:8], theirs[:8]
            parts.append(f"{name} {mine} instead of {theirs}")
    return "; ".join(parts)


def _rank(records: Sequence[Record]) -> Group:
    """Order the records of one identity and pin ceiling and floor."""
    latest = max(records, key=lambda record: record.created_at)
    ordered = sorted(records, key=lambda r: (r.within_budget is False, -(r.final_score or 0.0)))
    rows = [_pinned(latest, "ceiling")]
    for record in ordered:
        better = sum(_beats(other, record) for other in ordered)
        worse = sum(_beats(record, other) for other in ordered)
        rows.append(_method_row(record, 1 + better, len(ordered) - worse))
    rows.append(_pinned(latest, "floor"))
    return Group(latest.identity, rows, latest.budget)


def _beats(one: Record, other: Record) -> bool:
    """Tell whether one is ahead of another beyond noise, or by keeping the budget."""
    if (one.within_budget is False) != (other.within_budget is False):
        return other.within_budget is False
    spread = math.hypot(one.final_score_se or 0.0, other.final_score_se or 0.0)
    return (one.final_score or 0.0) - (other.final_score or 0.0) > Z_95 * spread


def _method_row(record: Record, rank_best: int, rank_worst: int) -> Row:
    """Return the line of a method."""
    return Row(
        method=record.method,
        kind="method",
        rank_best=rank_best,
        rank_worst=rank_worst,
        forgetting_quality=record.forgetting_quality,
        forgetting_quality_se=record.forgetting_quality_se,
        retain_accuracy=record.accuracy["retain"],
        test_accuracy=record.accuracy["test"],
        time_ratio=record.time_ratio,
        within_budget=record.within_budget,
        final_score=record.final_score,
        final_score_se=record.final_score_se,
        relative_score=record.relative_score,
        relative_score_se=record.relative_score_se,
        run_id=record.run_id,
    )


def _pinned(record: Record, kind: str) -> Row:
    """Return the ceiling (control models) or the floor (the original) as a line."""
    ceiling = kind == "ceiling"
    accuracy = record.control_accuracy if ceiling else record.original_accuracy
    final = record.ceiling_final_score if ceiling else record.floor_final_score
    whole = record.ceiling_final_score
    return Row(
        method=kind,
        kind=kind,
        rank_best=None,
        rank_worst=None,
        forgetting_quality=record.ceiling if ceiling else record.floor,
        forgetting_quality_se=record.ceiling_se if ceiling else None,
        retain_accuracy=accuracy["retain"],
        test_accuracy=accuracy["test"],
        time_ratio=1.0 if ceiling else 0.0,
        within_budget=None,
        final_score=final,
        final_score_se=record.ceiling_final_score_se if ceiling else None,
        relative_score=final / whole if final is not None and whole else None,
        relative_score_se=None,
        run_id=record.run_id,
    )
