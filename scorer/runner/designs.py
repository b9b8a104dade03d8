"""How many original models the N runs of a submission start from, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scorer.errors import UsageError, unknown_name

NAME = re.compile(r"reuse-([1-9][0-9]*|n)")


@dataclass(frozen=True)
class Design:
    """An arrangement of runs over original models; part of every record.

    Attributes:
        name: what a user types.
        summary: one line for people.
        n_originals: how many originals N runs share; None for as many as there are runs.
    """

    name: str
    summary: str
    n_originals: int | None

    def originals(self, n_models: int) -> list[int]:
        """Return the index of the original that each of N runs starts from.

        Runs take the originals in turn, so that a run keeps its original when N grows.

        Raises:
            UsageError: the originals cannot have equally many runs.
        """
        n_originals = self.n_originals or n_models
        if n_models % n_originals:
            raise UsageError(
                f"--design {self.name} shares the runs equally among {n_originals} originals, so"
                f" --n-models must be a multiple of {n_originals}, got {n_models}"
            )
        return [run % n_originals for run in range(n_models)]


class Designs(Mapping[str, Design]):
    """Designs by name: `reuse-K` for every number K, `reuse-n`; only some are listed.

    Looking up an unknown name raises `UsageError` with near matches and the list.
    """

    listed = ("reuse-1", "reuse-8", "reuse-n")

    def __getitem__(self, name: str) -> Design:
        if name not in self:
            raise unknown_name("design", name, self)
        number = name.removeprefix("reuse-")
        if number == "n":
            return Design(name, "N original models, each unlearned once", None)
        if number == "1":
            return Design(name, "one original model, unlearned N times: the competition's", 1)
        about = f"{number} original models, each unlearned N/{number} times; any number will do"
        return Design(name, about, int(number))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and NAME.fullmatch(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.listed)

    def __len__(self) -> int:
        return len(self.listed)


DESIGNS = Designs()
