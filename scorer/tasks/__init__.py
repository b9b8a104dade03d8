"""Tasks: a name for data, split, forget set, architecture and recipe.

One file a task: a module here that defines `DEFINITION`, see `scorer.registry`.
"""

from __future__ import annotations

from dataclasses import replace

from data_prep import variant_of
from scorer.registry import Registry, value
from scorer.tasks.definition import TaskDefinition


class Tasks(Registry[TaskDefinition]):
    """The tasks that have a module, and those that are made of them where they are asked for.

    `NAME-VARIANT` is a task on a variant of its data set, such as `celeba-Young`. Lists do not
    have these.
    """

    def __getitem__(self, name: str) -> TaskDefinition:
        if not super().__contains__(name):
            variant = variant_of(name)
            if variant is not None and variant[0] in self.members:
                title = "-".join(variant)
                return replace(self.members[variant[0]], name=title, dataset=title)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        return isinstance(name, str) and variant_of(name) is not None


TASKS = Tasks("task", __name__, value(TaskDefinition))

__all__ = ["TASKS", "TaskDefinition"]
