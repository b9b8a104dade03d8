"""What every scenario is: a list of requests, each a call of `unlearning` that is scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scorer.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from scorer.tasks.task import Task

STANDARD = "standard"
"""The scenario of every record that does not say another."""


@dataclass(frozen=True, eq=False)
class Request:
    """One call of `unlearning`, what it is given and what it is scored on.

    Attributes:
        task: what the result is scored on: to forget is all that was requested so far, to retain
            the rest of train. Its oracles never saw anything requested so far.
        asked: `(n,)` sorted indices into the data that are given as the forget set.
        gives_retain: whether the retain set is given too; else an empty one is.
        after: the request before, whose result this one starts from; None starts from the original.
        is_last: whether nothing starts from its result.
    """

    task: Task
    asked: np.ndarray
    gives_retain: bool = True
    after: Request | None = None
    is_last: bool = True

    @property
    def number(self) -> int:
        """Return which request it is, counted from 1."""
        return 1 if self.after is None else self.after.number + 1

    @property
    def part(self) -> str:
        """Return what names its outcomes among those of other requests, empty for the only one."""
        return "" if self.after is None and self.is_last else f"-{self.number}"

    @classmethod
    def only(cls, task: Task) -> Request:
        """Return the request to forget all of a task's forget set at once, everything given."""
        return cls(task, task.split.forget)


@dataclass(frozen=True)
class Scenario(ABC):
    """A way in which requests come; part of every record.

    Attributes:
        name: as it is typed, but for a number behind it.
        summary: one line for people.
        is_stream: whether there may be several requests, each scored by itself.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    is_stream: ClassVar[bool] = False

    @classmethod
    def parse(cls, typed: str, number: str) -> Scenario:
        """Return the scenario that a user typed.

        Args:
            typed: all of it, for messages.
            number: what stands behind the colon.

        Raises:
            UsageError: the number does not fit.
        """
        if number or ":" in typed:
            raise UsageError(
                f"--scenario {cls.name} takes nothing behind its name, got {typed!r}; leave it out"
            )
        return cls()

    @property
    def title(self) -> str:
        """Return its name with the number behind it, one way of writing it."""
        return self.name

    @abstractmethod
    def requests(self, task: Task) -> list[Request]:
        """Return the requests in their order; after the last all of the task's forget set is gone.

        Raises:
            UsageError: the task's forget set cannot be requested so.
        """
