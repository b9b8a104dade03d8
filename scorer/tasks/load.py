"""From a name and a split seed to a task: read the data, choose the forget set, look for leaks."""

from __future__ import annotations

from data_prep import DamagedData, check_no_leak, load_raw
from scorer.engines.base import Engine, Progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.forget import Material
from scorer.tasks.task import Task


def load_material(options: Options, engine: Engine, progress: Progress) -> Material:
    """Return the data of the task that the options name, and what a forget set is chosen with.

    Args:
        options: task, split seed, folders and device are looked at.
        engine: trains the models that measure difficulty, where nobody has yet.
        progress: called with (what, done, total) meanwhile.

    Raises:
        MissingData: the data set is not in `data_dir`; the message says what to run.
        ScorerError: the data are damaged.
    """
    definition = TASKS[options.task]
    try:
        raw = load_raw(definition.dataset, options.data_dir, progress)
    except DamagedData as error:
        raise ScorerError(str(error)) from error
    return Material(definition, raw, options, engine, progress)


def load_task(options: Options, engine: Engine, progress: Progress) -> Task:
    """Return the task that the options name.

    Args:
        options: see `load_material`, as for the others.
        engine: likewise.
        progress: likewise.

    Raises:
        MissingData: the data set is not in `data_dir`; the message says what to run.
        ScorerError: the data are damaged, the sizes of the task do not fit them, or an image stands
            in two sets.
    """
    return task_of(load_material(options, engine, progress))


def task_of(material: Material) -> Task:
    """Return the task of loaded data, its forget set chosen now.

    Raises:
        ScorerError: the sizes of the task do not fit the data, or an image stands in two sets.
    """
    definition, raw = material.task, material.raw
    try:
        split = definition.forget.split(material)
        check_no_leak(raw.images, split)
    except ValueError as error:  # sizes that do not fit the data, or a leak
        raise ScorerError(f"task {definition.name}: {error}") from error
    return Task(definition, material.options.split_seed, raw, split)
