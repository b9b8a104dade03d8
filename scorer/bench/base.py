"""What a bench is and is told, and what it found: figures with their spread, and the machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from scorer.engines.base import Progress, no_progress
from scorer.errors import ScorerError
from scorer.machine import machine
from scorer.tasks.choice import TaskChoice

DEFAULT_ROUNDS = 7
MIN_ROUNDS = 5
FIGURES = Path(__file__).parent / "figures"


@dataclass(frozen=True)
class Settings:
    """What every bench is told.

    Attributes:
        task: what is trained, empty for a bench that trains no task.
        rounds: turns that each candidate takes after its warm-up; medians are over them. Of a
            simulation, how often its repeats are made.
        data_dir: where data sets lie.
        cache_dir: of the kit: the kept choice of a training path.
        progress: called with ("bench", rounds done, rounds in all).
    """

    task: str
    rounds: int
    data_dir: Path
    cache_dir: Path
    progress: Progress = no_progress

    def on_round(self, done: int) -> None:
        """Show how many rounds are done."""
        self.progress("bench", done, self.rounds)


@dataclass
class Report:
    """The result of one bench.

    Attributes:
        bench: its name.
        command: makes the measurement again.
        device: "cpu" or the model of the GPU, as in `scorer.training.paths.device_slug`.
        variant: what a second file of the same bench is about, "" for the default.
        values: the numbers to look up by name, each the median of one of the figures, and facts.
        figures: everything measured: name, unit, n, median, min and max.
        tables: what is no figure but a table: title, a paragraph about it, heads and rows.
        notes: what a figure leaves out, extrapolates or could not be measured, a sentence each.
        unfit: why the figures must not be kept, "" where they may.
    """

    bench: str
    command: str
    device: str = "cpu"
    variant: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unfit: str = ""

    def add(self, name: str, unit: str, measured: ArrayLike, key: str = "") -> None:
        """Add a figure, and its median under `key` to the values.

        Args:
            name: for people.
            unit: of the numbers.
            measured: one number, or one a round.
            key: for programs.

        Raises:
            ScorerError: nothing was measured, or something that is not finite.
        """
        numbers = np.atleast_1d(np.asarray(measured, dtype=np.float64))
        if not numbers.size or not np.isfinite(numbers).all():
            raise ScorerError(
                f"figure {name!r} of bench {self.bench} must be of finite numbers, got {numbers}"
            )
        low, median, high = (float(f(numbers)) for f in (np.min, np.median, np.max))
        spread = {"n": numbers.size, "median": median, "min": low, "max": high}
        self.figures.append({"name": name, "unit": unit, **spread})
        if key:
            self.values[key] = median

    def join(self, other: Report) -> None:
        """Add the values, figures, tables and notes of another report."""
        self.values |= other.values
        self.figures += other.figures
        self.tables += other.tables
        self.notes += other.notes

    def add_table(
        self,
        title: str,
        about: str,
        heads: Sequence[str],
        rows: Sequence[Sequence[str | int | float]],
    ) -> None:
        """Add a table; every row has a cell a head."""
        cells = [list(row) for row in rows]
        self.tables.append({"title": title, "about": about, "heads": list(heads), "rows": cells})

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        about = {"bench": self.bench, "variant": self.variant, "command": self.command}
        notes = [*self.notes, self.unfit] if self.unfit else self.notes
        tables = {"tables": self.tables} if self.tables else {}
        found = {**self.values, "figures": self.figures, **tables, "notes": notes}
        return {**about, "environment": machine(self.device), **found}

    def save(self, folder: Path = FIGURES) -> Path:
        """Write the JSON that the tables of the documentation are made from; return its path.

        Raises:
            ScorerError: the figures are unfit.
        """
        if self.unfit:
            raise ScorerError(f"figures of bench {self.bench} were not kept: {self.unfit}")
        folder.mkdir(parents=True, exist_ok=True)
        stem = "-".join(filter(None, (self.bench, self.variant, self.device)))
        path = folder / f"{stem}.json"
        path.write_text(json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n")
        return path


@dataclass(frozen=True)
class Bench(TaskChoice):
    """A measurement that one command makes.

    Attributes:
        name: what a user types.
        summary: one line for lists.
        run: makes it.
        tasks: what `--task` may be, the default first; empty where there is no choice.
    """

    verb: ClassVar[str] = "bench"
    name: str
    summary: str
    run: Callable[[Settings], Report]
    tasks: tuple[str, ...] = ()

    def report(self, settings: Settings, device: str = "cpu") -> Report:
        """Return a report without figures, which knows the command that makes it again."""
        command = f"{self.command(settings.task)} --rounds {settings.rounds}"
        return Report(self.name, command, device, self.variant(settings.task))
