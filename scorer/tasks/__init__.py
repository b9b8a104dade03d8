"""Tasks: a name for data, split, forget set, architecture and recipe.

One file a task: a module here that defines `DEFINITION`, see `scorer.registry`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_prep import is_folder, variant_of
from scorer.registry import Registry, value
from scorer.tasks.definition import TaskDefinition


class Tasks(Registry[TaskDefinition]):
    """The tasks that have a module, and those that are made of them where they are asked for.

    `NAME-VARIANT` is a task on a variant of its data set, such as `celeba-Young`; the path of a
    folder is the task of the images in it. Lists do not have these.
    """

    def __getitem__(self, name: str) -> TaskDefinition:
        if not super().__contains__(name):
            if _is_path(name):
                # Only now: with it come torch and the engines.
                from scorer.tasks.own_images import read_definition

                return read_definition(Path(name), self.members)
            variant = variant_of(name)
            if variant is not None and variant[0] in self.members:
                title = "-".join(variant)
                return replace(self.members[variant[0]], name=title, dataset=title)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        return isinstance(name, str) and (_is_path(name) or variant_of(name) is not None)


def _is_path(name: str) -> bool:
    """Tell whether a name is that of a folder, or can be nothing but a path."""
    return is_folder(name) or "/" in name


TASKS = Tasks("task", __name__, value(TaskDefinition))

__all__ = ["TASKS", "TaskDefinition"]
