"""The competition's: one request, everything at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scorer.scenarios.base import STANDARD, Request, Scenario

if TYPE_CHECKING:
    from scorer.tasks.task import Task


@dataclass(frozen=True)
class Standard(Scenario):
    """One request to forget the whole forget set, with the retain set at hand."""

    name: ClassVar[str] = STANDARD
    summary: ClassVar[str] = "one request, with the retain set at hand: the competition's"

    def requests(self, task: Task) -> list[Request]:
        """Return the one request."""
        return [Request.only(task)]
