"""From a name and a split seed to a task: read the data, choose the forget set, look for leaks."""

from __future__ import annotations

from pathlib import Path

from data_prep import DamagedData, LeakError, check_no_leak, load_raw
from scorer.engines.base import Engine, Progress
from scorer.errors import ScorerError
from scorer.tasks import TASKS
from scorer.tasks.forget import Material
from scorer.tasks.task import Task


def load_task(
    name: str,
    *,
    split_seed: int,
    data_dir: Path,
    cache_dir: Path,
    engine: Engine,
    device: str,
    progress: Progress,
) -> Task:
    """Return the task of that name.

    Args:
        name: a name in `scorer.tasks.TASKS`.
        split_seed: at least 0; another seed is another split and forget set of the same data.
        data_dir: where data sets lie.
        cache_dir: where measured difficulty is kept.
        engine: trains the models that measure it, where nobody has yet.
        device: where they are trained.
        progress: called with (what, done, total) meanwhile.

    Raises:
        UsageError: unknown name.
        MissingData: the data set is not in `data_dir`; the message says what to run.
        ScorerError: the data are damaged, or an image stands in two sets.
    """
    definition = TASKS[name]
    if split_seed < 0:
        raise ValueError(f"`split_seed` must be at least 0, got {split_seed}")
    try:
        raw = load_raw(definition.dataset, data_dir)
    except DamagedData as error:
        raise ScorerError(str(error)) from error
    material = Material(
        task=definition.name,
        raw=raw,
        recipe=definition.recipe,
        n_val=definition.n_val,
        n_test=definition.n_test,
        split_seed=split_seed,
        data_dir=data_dir,
        cache_dir=cache_dir,
        engine=engine,
        device=device,
        progress=progress,
    )
    split = definition.forget.split(material)
    try:
        check_no_leak(raw.images, split)
    except LeakError as error:
        raise ScorerError(f"task {name}: {error}") from error
    return Task(definition, split_seed, raw, split)
