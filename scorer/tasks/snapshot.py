"""A task's data on disk, for worker processes that need not read and split the raw set again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_prep import RawData, Split
from scorer.store import Seal, Store
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.task import SETS, Task

EDITION = 4
"""Of the form, in the folder's name: workers never meet a snapshot of another edition."""

RAW_FACTS = ("name", "n_classes", "mean", "std", "value_range", "source")
RAW_ARRAYS = ("images", "labels", "is_official_test", "subjects")
"""Subjects are left out where nobody knows them."""


def snapshots_dir(cache_dir: Path) -> Path:
    """Return the folder of the snapshots that pools are made with."""
    return cache_dir / "v1" / "tasks"


def snapshot_path(folder: Path, fingerprint: str) -> Path:
    """Return where the snapshot of a task lies, whether or not it is there."""
    return folder / f"task-{fingerprint[:16]}-{EDITION}"


def save_snapshot(task: Task, folder: Path) -> Path:
    """Write the task under its fingerprint, unless it is there whole, and return the path."""
    store = _store(snapshot_path(folder, task.fingerprint))
    store.repair(1)
    if not store.has(0):
        facts = {
            "definition": task.definition.as_dict(),
            "split_seed": task.split_seed,
            "forget": task.forget,
            "notes": task.split.notes,
            "forget_stratum": task.split.forget_stratum.tolist(),
            "raw": {name: getattr(task.raw, name) for name in RAW_FACTS},
        }
        arrays = {name: getattr(task.raw, name) for name in RAW_ARRAYS}
        if task.raw.subjects is None:
            del arrays["subjects"]
        store.write(0, {**arrays, **{name: task.indices(name) for name in SETS}}, facts)
    return store.root


def read_snapshot(path: Path) -> Task:
    """Return the task that `save_snapshot` wrote.

    Raises:
        DamagedEntry: it is not as it was written; to save it again mends it.
    """
    store = _store(path)
    facts, arrays = store.manifest(0), store.read(0)
    raw: dict[str, Any] = {**facts["raw"], **{name: arrays.get(name) for name in RAW_ARRAYS}}
    raw |= {name: tuple(raw[name]) for name in ("mean", "std")}
    split = Split(
        **{name: arrays[name] for name in SETS},
        forget_stratum=np.array(facts["forget_stratum"]),
        notes=facts["notes"],
    )
    definition = TaskDefinition.from_dict(facts["definition"])
    return Task(definition, facts["split_seed"], RawData(**raw), split, facts["forget"])


def _store(path: Path) -> Store:
    """Return the store of a snapshot, which everybody may make."""
    return Store(path, seal=Seal(f"tasks/{path.name}"))
