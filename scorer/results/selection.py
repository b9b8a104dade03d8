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
        key = (record.method, record.is_baseline, *record.group)
        if key not in newest or newest[key].created_at < record.created_at:
            newest[key] = record
    found = Selection([], [])
    latest: dict[tuple[Any, ...], str] = {}
    for record in newest.values():
        key = _beside_bank(record)
        latest[key] = max(latest.get(key, ""), record.created_at)
    for record in newest.values():
        if record.faults and record.bank_sha256 is None:
            # Failed before any oracle was made: whatever the method came to later speaks for it.
            if record.created_at < latest[_beside_bank(record)]:
                continue
            found.apart.append((record, record.failure))
        elif record.faults:
            found.apart.append((record, record.failure))
        elif record.final_score is None:
            found.apart.append((record, f"no final score: {record.why_missing('final_score')}"))
        else:
            found.scored.append(record)
    return found


def _beside_bank(record: Record) -> tuple[Any, ...]:
    """Return whose record it is and what identifies it, but for the oracles."""
    rest = (value for name, value in record.identity.items() if name != "bank_sha256")
    return (record.method, record.is_baseline, *rest)


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
