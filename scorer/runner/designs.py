"""How many original models the N runs of a submission start from, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Design:
    """An arrangement of runs over original models; part of every record.

    Attributes:
        summary: one line for people.
        n_originals: how many originals N runs need.
    """

    summary: str
    n_originals: Callable[[int], int]

    def originals(self, n_models: int) -> list[int]:
        """Return the index of the original that each of N runs starts from."""
        return [run % self.n_originals(n_models) for run in range(n_models)]


DESIGNS = {
    "reuse-1": Design("one original model, unlearned N times: the competition's", lambda n: 1),
    "reuse-n": Design("N original models, each unlearned once", lambda n: n),
}
