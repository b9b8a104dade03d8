"""From a name and a split seed to a task: read the data, choose the forget set, look for leaks."""

from __future__ import annotations

from data_prep import DamagedData, RawData, Split, check_no_leak, load_raw
from scorer.engines.base import Engine, Progress
from scorer.errors import ScorerError, UsageError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.forget import Material
from scorer.tasks.forget.spec import parse_forget
from scorer.tasks.forget.typed import TypedForgetSet
from scorer.tasks.task import Task


def load_material(options: Options, engine: Engine, progress: Progress) -> Material:
    """Return the data of the task that the options name, and what a forget set is chosen with.

    Args:
        options: task, forget set, split seed, folders and device are looked at.
        engine: trains the models that measure difficulty, where nobody has yet.
        progress: called with (what, done, total) meanwhile.

    Raises:
        MissingData: the data set is not in `data_dir`; the message says what to run.
        ScorerError: the data are damaged.
        UsageError: the forget set that was asked for is written as none is.
    """
    definition = TASKS[options.task]
    parse_forget(options.forget)  # hours of decoding are not to stand before a typing error
    try:
        seed = options.split_seed
        raw = load_raw(definition.dataset, options.data_dir, progress, split_seed=seed)
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
        UsageError: the forget set that was asked for is none of these data.
    """
    return task_of(load_material(options, engine, progress))


def task_of(material: Material) -> Task:
    """Return the task of loaded data, its forget set chosen now.

    Raises:
        ScorerError: the sizes of the task do not fit the data, or an image stands in two sets.
        UsageError: the forget set that was asked for is none of these data.
    """
    definition, raw, options = material.task, material.raw, material.options
    named = parse_forget(options.forget)
    # The task's own by its form is the task's own: the models are the same.
    if named is None or named == definition.forget:
        try:
            split = definition.forget.split(material)
            check_no_leak(raw.images, split)
        except ValueError as error:  # sizes that do not fit the data, or a leak
            raise ScorerError(f"task {definition.name}: {error}") from error
        return Task(definition, options.split_seed, raw, split)
    try:
        split = named.split(material)
        raw = named.relabelled(material, split)
        check_no_leak(raw.images, split)
        check_classes_stay(named, material.raw, split)
    except (ValueError, UsageError) as error:
        raise UsageError(f"--forget {options.forget}, task {definition.name}: {error}") from error
    return Task(definition, options.split_seed, raw, split, named.spec)


def check_classes_stay(named: TypedForgetSet, raw: RawData, split: Split) -> None:
    """Refuse a forget set after which retain lacks a class that nobody asked to be forgotten whole.

    A network that never saw a class is another network, and whoever wants it asks by the class.

    Args:
        named: what was asked for.
        raw: the data as they were, under their own labels.
        split: what it came to.

    Raises:
        UsageError: which classes are gone, or that one alone is left.
    """
    left = set(raw.labels[split.retain].tolist())
    gone = sorted(set(raw.labels[split.forget].tolist()) - left - {named.emptied_class})
    if gone:
        forms = " or ".join(f"--forget class:{one}" for one in gone[:3])
        raise UsageError(
            f"retain must keep examples of every class, got none of {gone}; forget fewer, or a"
            f" class as a whole by {forms}"
        )
    if len(left) < 2:
        raise UsageError(f"retain must keep two classes or more, got {sorted(left)} alone")
