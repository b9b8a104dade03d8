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
