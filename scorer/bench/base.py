"""What a bench is, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scorer.bench._report import Report as Report
from scorer.engines.base import Progress, no_progress
from scorer.errors import UsageError, unknown_name

DEFAULT_ROUNDS = 7
MIN_ROUNDS = 5


@dataclass(frozen=True)
class Settings:
    """What every bench is told.

    Attributes:
        task: what is trained, empty for a bench that trains no task.
        rounds: turns that each candidate takes after its warm-up; medians are over them.
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


@dataclass(frozen=True)
class Bench:
    """A measurement that one command makes.

    Attributes:
        name: what a user types.
        summary: one line for lists.
        run: makes it.
        tasks: what `--task` may be, the default first; empty where there is no choice.
    """

    name: str
    summary: str
    run: Callable[[Settings], Report]
    tasks: tuple[str, ...] = ()

    def choose_task(self, task: str | None) -> str:
        """Return the task to measure, "" where there is no choice.

        Raises:
            UsageError: this bench does not know the task.
        """
        if task is None:
            return self.tasks[0] if self.tasks else ""
        if not self.tasks:
            raise UsageError(f"bench {self.name} takes no --task, got {task!r}; leave it out")
        if task not in self.tasks:
            raise unknown_name(f"task of bench {self.name}", task, self.tasks)
        return task

    def report(self, settings: Settings, device: str = "cpu") -> Report:
        """Return a report without figures, which knows the command that makes it again."""
        variant = settings.task if settings.task not in self.tasks[:1] else ""
        chosen = f" --task {variant}" if variant else ""
        command = f"python -m scorer bench {self.name}{chosen} --rounds {settings.rounds}"
        return Report(self.name, command, device, variant)
