"""A task's data on disk, for worker processes that need not read and split the raw set again."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np

from data_prep import RawData, Split
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.task import SETS, Task

EDITION = 2
"""Of the file's form, in its name: workers never meet a file of another edition."""


def save_snapshot(task: Task, folder: Path) -> Path:
    """Write the task under its fingerprint, unless it is there, and return the path."""
    path = folder / f"task-{task.fingerprint[:16]}-{EDITION}.npz"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    raw = task.raw
    facts = {
        "definition": task.definition.as_dict(),
        "split_seed": task.split_seed,
        "notes": task.split.notes,
        "raw": {
            "name": raw.name,
            "n_classes": raw.n_classes,
            "mean": list(raw.mean),
            "std": list(raw.std),
            "value_range": raw.value_range,
            "source": raw.source,
        },
    }
    temporary = folder / f".tmp-{uuid.uuid4().hex}.npz"
    arrays = {
        "facts": np.array(json.dumps(facts)),
        "images": raw.images,
        "labels": raw.labels,
        "is_official_test": raw.is_official_test,
        "forget_stratum": task.split.forget_stratum.astype(str),
        **{name: task.indices(name) for name in SETS},
    }
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    temporary.replace(path)
    return path


def read_snapshot(path: Path) -> Task:
    """Return the task that `save_snapshot` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        facts = json.loads(str(arrays["facts"]))
        raw = RawData(
            images=arrays["images"],
            labels=arrays["labels"],
            is_official_test=arrays["is_official_test"],
            **{
                **facts["raw"],
                "mean": tuple(facts["raw"]["mean"]),
                "std": tuple(facts["raw"]["std"]),
            },
        )
        split = Split(
            **{name: arrays[name] for name in SETS},
            forget_stratum=arrays["forget_stratum"],
            notes=facts["notes"],
        )
    definition = TaskDefinition.from_dict(facts["definition"])
    return Task(definition, facts["split_seed"], raw, split)
