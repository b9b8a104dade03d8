"""From a name and a split seed to a task: read the data, split them, choose the forget set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from data_prep import (
    DamagedData,
    LeakError,
    Partition,
    RawData,
    check_no_leak,
    choose_forget,
    forget_given,
    load_raw,
    partition,
)
from data_prep.cifar10 import starting_kit_forget_indices
from scorer.engines.base import Engine, Progress
from scorer.errors import ScorerError
from scorer.tasks import TASKS
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.difficulty import measure_difficulty
from scorer.tasks.task import Task

FORGET_SETS = Path(__file__).parent / "forget_sets"
"""Hard examples measured once and kept, so that a task is the same task on every machine."""


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
    given = None
    if definition.starting_kit_forget_set and split_seed == 0:
        given = starting_kit_forget_indices(data_dir)
    parts = partition(raw, definition.n_val, definition.n_test, split_seed, keep_in_train=given)
    if given is not None:
        split = forget_given(parts, given)
    else:
        difficulty = None
        if definition.n_forget_hard:
            difficulty = kept_difficulty(definition, raw, parts, split_seed)
            if difficulty is None:
                difficulty = measure_difficulty(
                    raw,
                    parts.train,
                    definition.recipe,
                    definition.n_difficulty_models,
                    device=device,
                    cache_dir=cache_dir,
                    engine=engine,
                    progress=progress,
                )
        split = choose_forget(
            parts,
            raw.labels,
            difficulty,
            definition.n_forget_hard,
            definition.n_forget_random,
            split_seed,
        )
    try:
        check_no_leak(raw.images, split)
    except LeakError as error:
        raise ScorerError(f"task {name}: {error}") from error
    return Task(definition, split_seed, raw, split)


def kept_difficulty(
    definition: TaskDefinition, raw: RawData, parts: Partition, split_seed: int
) -> np.ndarray | None:
    """Return 0 for the kept hard examples and 1 for the rest, or None where none are kept.

    A file counts only for the very data, recipe and number of models that it was measured with.
    """
    path = FORGET_SETS / f"{definition.name}-{split_seed}.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    if kept["measured_with"] != measured_with(definition, raw):
        return None
    return np.where(np.isin(parts.train, kept["hard"]), 0.0, 1.0)


def measured_with(definition: TaskDefinition, raw: RawData) -> dict[str, object]:
    """Return what the kept hard examples depend on, besides the split seed."""
    return {
        "data_sha256": raw.content_sha256(),
        "recipe": definition.recipe.as_dict(),
        "n_models": definition.n_difficulty_models,
    }
