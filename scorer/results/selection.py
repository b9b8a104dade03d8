"""Which records speak for their method: what is ranked and compared, and why others are not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.errors import unknown_name
from scorer.results.record import Record


@dataclass(frozen=True)
class Selection:
    """The newest record of each method under each identity.

    Attributes:
        scored: those with a final score.
        apart: the others, with the reason.
    """

    scored: list[Record]
    apart: list[tuple[Record, str]]


def select(records: Iterable[Record]) -> Selection:
    """Return the newest record of each method and identity; an older one never stands in."""
    newest: dict[tuple[Any, ...], Record] = {}
    for record in records:
        # A file that a user named like a baseline must not stand in for it, nor it for the file.
        key = (record.method, record.is_baseline, *record.identity.values())
        if key not in newest or newest[key].created_at < record.created_at:
            newest[key] = record
    found = Selection([], [])
    for record in newest.values():
        if record.faults:
            found.apart.append((record, record.failure))
        elif record.final_score is None:
            found.apart.append((record, f"no final score: {record.why_missing('final_score')}"))
        else:
            found.scored.append(record)
    return found


def newest_of(records: Iterable[Record], method: str | None) -> Record:
    """Return the newest record of a method, with a score or without.

    Args:
        records: of one task.
        method: its name, or the path of its file; None means `submission/unlearn.py`.

    Raises:
        UsageError: it has none; the message has near matches and the list.
    """
    name = method or "unlearn"
    by_name: dict[str, list[Record]] = {}
    for record in records:
        by_name.setdefault(record.method, []).append(record)
    if name not in by_name and ("/" in name or name.endswith(".py")):
        name = Path(name).stem
    if name not in by_name:
        raise unknown_name("result", name, by_name)
    return max(by_name[name], key=lambda record: record.created_at)
