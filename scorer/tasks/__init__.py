"""Tasks: a name for data, split, forget set, architecture and recipe. One file a task.

A module here that defines `DEFINITION` is a task; nothing else has to be told of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from scorer.errors import unknown_name
from scorer.tasks.definition import TaskDefinition


@cache
def definitions() -> dict[str, TaskDefinition]:
    """Return every task by name."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        definition = getattr(
            importlib.import_module(f"{__name__}.{module.name}"), "DEFINITION", None
        )
        if isinstance(definition, TaskDefinition):
            found[definition.name] = definition
    return found


def definition_named(name: str) -> TaskDefinition:
    """Return one definition.

    Raises:
        UsageError: unknown name, with near matches and the list.
    """
    if name not in definitions():
        raise unknown_name("task", name, definitions())
    return definitions()[name]
