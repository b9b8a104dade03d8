"""Tasks: a name for data, split, forget set, architecture and recipe.

One file a task: a module here that defines `DEFINITION`, see `scorer.registry`.
"""

from __future__ import annotations

from scorer.registry import Registry, value
from scorer.tasks.definition import TaskDefinition

TASKS = Registry("task", __name__, value(TaskDefinition))

__all__ = ["TASKS", "TaskDefinition"]
