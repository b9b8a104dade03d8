"""Commands that work on some tasks alone: which one is meant, and how it is typed again."""

from __future__ import annotations

from typing import ClassVar

from scorer.errors import UsageError, unknown_name


class TaskChoice:
    """What a bench and a study are alike in.

    Attributes:
        verb: of the command line, which is also what one is called in messages.
        name: what a user types behind it.
        tasks: what `--task` may be, the default first; empty where there is no choice.
    """

    verb: ClassVar[str]
    name: str
    tasks: tuple[str, ...]

    def choose_task(self, task: str | None) -> str:
        """Return the task that is meant, "" where there is no choice.

        Raises:
            UsageError: it does not know the task.
        """
        if task is None:
            return self.tasks[0] if self.tasks else ""
        if not self.tasks:
            raise UsageError(f"{self.verb} {self.name} takes no --task, got {task!r}; leave it out")
        if task not in self.tasks:
            raise unknown_name(f"task of {self.verb} {self.name}", task, self.tasks)
        return task

    def variant(self, task: str) -> str:
        """Return the task where it is not the default, else ""."""
        return task if task not in self.tasks[:1] else ""

    def command(self, task: str) -> str:
        """Return the command that does the same again."""
        variant = self.variant(task)
        chosen = f" --task {variant}" if variant else ""
        return f"python -m scorer {self.verb} {self.name}{chosen}"
