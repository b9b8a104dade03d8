"""The part of a task that runs need: retain, forget and val, and nothing of the test set."""

from __future__ import annotations

import numpy as np

from data_prep import RawData, Split
from scorer.tasks.task import Task

SHOWN = ("retain", "forget", "val")
HIDDEN_STRATUM = "given"
"""Which examples are hard is not told."""


def visible_task(task: Task) -> Task:
    """Return a task of the same three sets, in the same order, and with the same recipe.

    A task has a test set: here it is a copy of val, which everybody may see, so that the outputs
    that are kept of runs tell nothing.
    """
    shown = np.sort(np.concatenate([task.indices(name) for name in SHOWN]))
    taken = np.concatenate([shown, task.indices("val")])
    raw = task.raw
    own = RawData(
        name=raw.name,
        images=raw.images[taken],
        labels=raw.labels[taken],
        n_classes=raw.n_classes,
        is_official_test=np.zeros(len(taken), dtype=bool),
        mean=raw.mean,
        std=raw.std,
        value_range=raw.value_range,
        source=f"{raw.source}, without test",
    )
    places = {name: np.searchsorted(shown, task.indices(name)) for name in SHOWN}
    split = Split(
        retain=places["retain"],
        forget=places["forget"],
        val=places["val"],
        test=np.arange(len(shown), len(taken)),
        forget_stratum=np.full(len(places["forget"]), HIDDEN_STRATUM),
    )
    return Task(task.definition, task.split_seed, own, split)
