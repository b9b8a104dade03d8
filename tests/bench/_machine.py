"""A machine whose clock moves only when work is done, so that every speed is known."""

from __future__ import annotations

from typing import Any

from scorer.bench._timing import Candidate


class Machine:
    """A clock, and a diary of who worked.

    Attributes:
        now: seconds.
        slowness: by which everything takes longer.
        diary: names of those who worked, in order.
    """

    def __init__(self) -> None:
        self.now = 100.0
        self.slowness = 1.0
        self.diary: list[str] = []

    def clock(self) -> float:
        """Return seconds."""
        return self.now

    def candidate(self, name: str, seconds: float, cores: float = 1.0, **changes: Any) -> Candidate:
        """Return one whose unit takes so long on an idle machine, on so many cores at once."""

        def run(n_units: int) -> float:
            self.diary.append(name)
            self.now += seconds * n_units * self.slowness
            return seconds * n_units * cores

        return Candidate(run, **changes)
