"""What a study is and is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scorer.engines import Engine, make_engine
from scorer.engines.base import Progress, no_progress
from scorer.errors import UsageError, unknown_name
from scorer.options import Options
from scorer.studies.findings import Findings


@dataclass(frozen=True)
class Settings:
    """What every study is told.

    Attributes:
        options: task, device, engine, workers and folders; a study chooses its own sizes.
        quick: sizes so small that the answers mean nothing and the code is tried in seconds.
        progress: called with (what, done, total).
    """

    options: Options
    quick: bool = False
    progress: Progress = field(default=no_progress, compare=False)

    @cached_property
    def engine(self) -> Engine:
        """Return where parts of the study are computed."""
        return make_engine(self.options.engine, self.options.workers)

    @property
    def parts_dir(self) -> Path:
        """Return the folder of the parts that are kept, so that a stopped study goes on."""
        return self.options.cache_dir / "v1" / "studies"


@dataclass(frozen=True)
class Study:
    """A question that one command computes, draws and answers.

    Attributes:
        name: what a user types.
        summary: one line for lists: the question.
        run: computes it.
        tasks: what `--task` may be, the default first; empty where there is no choice.
    """

    name: str
    summary: str
    run: Callable[[Settings], Findings]
    tasks: tuple[str, ...] = ()

    def choose_task(self, task: str | None) -> str | None:
        """Return the task to study, None where there is no choice.

        Raises:
            UsageError: this study does not know the task.
        """
        if task is None:
            return self.tasks[0] if self.tasks else None
        if not self.tasks:
            raise UsageError(f"study {self.name} takes no --task, got {task!r}; leave it out")
        if task not in self.tasks:
            raise unknown_name(f"task of study {self.name}", task, self.tasks)
        return task

    def label(self, task: str | None) -> str:
        """Return what a study of a task is called: its name, and the task that is not the first."""
        return "-".join(filter(None, (self.name, task if task not in self.tasks[:1] else None)))
