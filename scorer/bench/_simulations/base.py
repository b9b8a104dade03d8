"""What a table of simulations is: cells of known truth, and what the statistics say in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = Sequence[str | int | float]


@dataclass(frozen=True)
class Simulation:
    """One table; every row is simulated by itself, under a seed of its own.

    Attributes:
        name: that of its file.
        summary: heading of the table.
        about: what its columns are and how to read them, as a paragraph.
        columns: heads; the last, "n", is how many repeats a row rests on.
        cases: what the rows are about.
        row: makes the row of a case from a source of randomness and a number of rounds; how many
            repeats a round has is its own to say, and is in the row.
    """

    name: str
    summary: str
    about: str
    columns: tuple[str, ...]
    cases: Sequence[Any]
    row: Callable[[Any, np.random.Generator, int], Row]

    def simulate(self, case: int, rounds: int) -> Row:
        """Return one row.

        Args:
            case: its place in `cases`, which is its seed too.
            rounds: at least 1.

        Raises:
            TypeError: the row does not fit the heads.
        """
        row = self.row(self.cases[case], np.random.default_rng([rounds, case]), rounds)
        if len(row) != len(self.columns):
            raise TypeError(
                f"a row of simulation {self.name} must have {len(self.columns)} cells, got {row}"
            )
        return row
