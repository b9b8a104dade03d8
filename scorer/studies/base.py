"""What a study is and is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch

from scorer.devices import use_first
from scorer.engines import Engine, make_engine
from scorer.engines.base import Progress, no_progress
from scorer.options import Options
from scorer.studies.findings import Findings
from scorer.tasks.choice import TaskChoice
from scorer.training.paths import device_slug


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
        use_first(self.options.gpus)
        return make_engine(self.options.engine, self.options.workers, self.options.gpus)

    @property
    def parts_dir(self) -> Path:
        """Return the folder of the parts that are kept, so that a stopped study goes on."""
        return self.options.cache_dir / "v1" / "studies"


@dataclass(frozen=True)
class Study(TaskChoice):
    """A question that one command computes, draws and answers.

    Attributes:
        name: what a user types.
        summary: one line for lists: the question.
        run: computes it.
        tasks: what `--task` may be, the default first; empty where there is no choice.
    """

    verb: ClassVar[str] = "study"
    name: str
    summary: str
    run: Callable[[Settings], Findings]
    tasks: tuple[str, ...] = ()

    def label(self, task: str) -> str:
        """Return what a study of a task is called: its name, and the task that is not the first."""
        return "-".join(filter(None, (self.name, self.variant(task))))

    def findings(self, settings: Settings, device: str = "cpu") -> Findings:
        """Return findings without numbers, which know the command that makes them again.

        Args:
            settings: of the run.
            device: "cpu" or "cuda", where models were made.
        """
        task = settings.options.task if self.tasks else ""
        slug = device_slug(torch.device(device))
        about = self.name, self.summary, self.command(task)
        return Findings(*about, task or None, settings.quick, slug)
