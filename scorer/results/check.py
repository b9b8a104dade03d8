"""One thing that was looked at, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

HOLDS = "holds"
FAILS = "does not hold"
CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Check:
    """What became of one look at a record.

    Attributes:
        name: what was looked at.
        verdict: "holds", "does not hold" or "cannot tell".
        said: what was found, or why it cannot be told.
        is_fault: whether what does not hold is the submission's fault, not that of the record.
    """

    name: str
    verdict: str
    said: str
    is_fault: bool = False
