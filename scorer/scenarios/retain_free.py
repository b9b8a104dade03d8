"""A request that comes when the training data are gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from scorer.scenarios.base import Request, Scenario

if TYPE_CHECKING:
    from scorer.tasks.task import Task


@dataclass(frozen=True)
class RetainFree(Scenario):
    """One request, for which the retain set is no longer there.

    Oracles, budget and score are those of the standard scenario.
    """

    name: ClassVar[str] = "retain-free"
    summary: ClassVar[str] = "one request, when the retain set is gone: `retain` is empty"

    def requests(self, task: Task) -> list[Request]:
        """Return the one request."""
        return [replace(Request.only(task), gives_retain=False)]
