"""Phases of a competition: in order, apart, and with tasks that there are."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

DEFAULT_LIMIT_S = 600


def phase_problems(values: dict[str, Any], bundle: Path) -> Iterator[str]:
    """Yield what is wrong with the phases."""
    phases = sorted(values.get("phases") or [], key=lambda phase: phase.get("index", 0))
    if not phases:
        yield "phases must hold at least one phase, got none"
        return
    tasks = {task.get("index") for task in values.get("tasks") or []}
    for phase in phases:
        which = f"phase {phase.get('name')!r}"
        if not phase.get("name"):
            yield f"a phase must have a name, got {phase.get('name')!r}"
        if not phase.get("tasks"):
            yield f"{which} must have at least one task, got none"
        for task in phase.get("tasks") or []:
            if task not in tasks:
                yield f"{which} must name tasks that there are, got {task!r} of {sorted(tasks)}"
        limit = phase.get("execution_time_limit", DEFAULT_LIMIT_S)
        if type(limit) is not int or limit < 1:
            yield f"execution_time_limit of {which} must be whole seconds, got {limit!r}"
        kit = phase.get("starting_kit")
        if not kit or not (bundle / str(kit)).exists():
            yield f"starting_kit of {which} must name a file of the bundle, got {kit!r}"
        for name in ("max_submissions_per_day", "max_submissions"):
            number = phase.get(name, 1)
            if type(number) is not int or number < 1:
                yield f"{name} of {which} must be a number from 1, got {number!r}"
        if when(phase.get("start")) is None:
            yield f"start of {which} must be a date, got {phase.get('start')!r}"
        if phase.get("end") is not None and when(phase["end"]) is None:
            yield f"end of {which} must be a date, got {phase['end']!r}"
    for index, (before, phase) in enumerate(pairwise(phases), start=1):
        end, start = when(before.get("end")), when(phase.get("start"))
        if before.get("end") is None:
            yield f"phase {before.get('name')!r} must have an end, since another follows it"
        elif end is not None and start is not None and not end < start:
            yield (
                f"phase {phase.get('name')!r} must begin after {before['end']}, the end of the one"
                f" before it, got {phase['start']}"
            )
        if index == len(phases) - 1 and not phase.get("auto_migrate_to_this_phase"):
            yield (
                f"phase {phase.get('name')!r} must have auto_migrate_to_this_phase: what was"
                " handed in before would not be scored there"
            )


def when(value: Any) -> datetime.datetime | None:
    """Return a time, None where a value is none."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time())
    try:
        return datetime.datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None
