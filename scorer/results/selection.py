"""Which records speak for their method: what is ranked and compared, and why others are not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
