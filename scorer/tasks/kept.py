"""Hard examples measured once and kept with the code, so that a task is the same everywhere.

A file counts for the labels, sizes, recipe and number of models that it was measured with. Pixels
do not count: a copy of a data set with a few images encoded anew is the same task to forget in.
Their hash says what was measured on.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data_prep import Partition
from scorer.errors import ScorerError
from scorer.files import Damaged, read_regular
from scorer.machine import machine

if TYPE_CHECKING:
    from scorer.tasks.definition import TaskDefinition
    from scorer.tasks.forget.base import Material
    from scorer.tasks.forget.hard_random import HardRandom

KEPT = Path(__file__).parent / "forget_sets"
MEASURE = "mean logit-scaled confidence over models trained on random halves without the example"


def kept_path(task: TaskDefinition, split_seed: int) -> Path:
    """Return where the hard examples of a task are kept: with the code, or beside own images."""
    if Path(task.dataset).is_absolute():
        return Path(task.dataset) / f"forget_set-{split_seed}.json"
    return KEPT / f"{task.name}-{split_seed}.json"


def keep_command(task: TaskDefinition) -> str:
    """Return the command that measures the hard examples of a task and keeps them."""
    typed = task.dataset if Path(task.dataset).is_absolute() else task.name
    return f"python -m scorer.tasks.keep {shlex.quote(typed)}"


def measured_with(material: Material, forget: HardRandom) -> dict[str, Any]:
    """Return what kept hard examples hold for, besides the split seed, as JSON values."""
    raw = material.raw
    return {
        "n_examples": len(raw.labels),
        "n_official_test": int(raw.is_official_test.sum()),
        "labels_sha256": hashlib.sha256(raw.labels.astype("<i8").tobytes()).hexdigest(),
        "n_val": material.task.n_val,
        "n_test": material.task.n_test,
        "n_hard": forget.n_hard,
        "n_models": forget.n_models,
        "recipe": asdict(material.task.recipe),
    }


def measurement(material: Material, forget: HardRandom, order: np.ndarray) -> dict[str, Any]:
    """Return what is kept of hard examples that were measured just now.

    Args:
        material: that they were measured with.
        forget: how many, over how many models.
        order: `(n_train,)` indices of the train examples, the hardest first.
    """
    raw = material.raw
    return {
        "command": keep_command(material.task),
        "measure": MEASURE,
        "measured_with": measured_with(material, forget),
        "measured_on": {
            "data_source": raw.source,
            "data_sha256": raw.content_sha256(),
            "environment": machine(material.options.torch_device),
        },
        "hard": sorted(order[: forget.n_hard].tolist()),
        # One line in the file, where a list would take one for each example.
        "order": " ".join(map(str, order.tolist())),
    }


def read_kept(material: Material, forget: HardRandom, parts: Partition) -> np.ndarray | None:
    """Return the kept hard examples `(n_hard,)` of a task, None where no file is kept.

    Args:
        material: of the task.
        forget: how many, over how many models.
        parts: its train, val and test.

    Raises:
        ScorerError: the file cannot be read, was measured with something else, or does not fit the
            split.
    """
    kept = _read(material, forget, parts)
    return None if kept is None else kept[0]


def read_kept_order(material: Material, forget: HardRandom, parts: Partition) -> np.ndarray | None:
    """Return the train examples `(n_train,)`, the hardest first, None where no order is kept.

    Args:
        material: of the task.
        forget: of its own forget set.
        parts: its train, val and test.

    Raises:
        ScorerError: see `read_kept`.
    """
    kept = _read(material, forget, parts)
    return None if kept is None else kept[1]


def _read(
    material: Material, forget: HardRandom, parts: Partition
) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Return hard examples and the order of all; the first files that were kept have no order."""
    name = material.task.name
    path = kept_path(material.task, material.options.split_seed)
    if not path.exists():
        return None
    try:
        kept = json.loads(read_regular(path))
        found, hard = dict(kept["measured_with"]), np.array(kept["hard"], dtype=np.int64)
        told = kept.get("order")
        order = None if told is None else np.array(told.split(), dtype=np.int64)
    except (Damaged, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ScorerError(
            f"{_shown(path)} must hold the hard examples of task {name}, got what cannot be read"
            f" ({error}); put the file back, or measure again by `{keep_command(material.task)}`"
        ) from error
    differences = list(_differences(measured_with(material, forget), found))
    if differences:
        raise ScorerError(
            f"{_shown(path)} must hold the hard examples of task {name} as it is now, got some"
            f" measured with {'; '.join(differences)}. {_what_to_do(material.task)}"
        )
    outside = np.setdiff1d(hard, parts.train)
    if len(outside):
        raise ScorerError(
            f"{_shown(path)} must name train examples of task {name}, got {len(outside)} that are"
            f" not, such as {outside[:3].tolist()}: the split is another, by its edition or by the"
            f" copies dropped from the data. {_what_to_do(material.task)}"
        )
    if order is not None and not (
        np.array_equal(np.sort(order), parts.train)
        and np.array_equal(np.sort(order[: len(hard)]), np.sort(hard))
    ):
        raise ScorerError(
            f"{_shown(path)} must have every train example of task {name} in its order, the hard"
            f" ones first, got another. {_what_to_do(material.task)}"
        )
    return hard, order


def _what_to_do(task: TaskDefinition) -> str:
    """Return the end of a message about a file that does not fit."""
    return (
        f"Put the task's definition and data back, give the changed task another name, or measure"
        f" again by `{keep_command(task)}`"
    )


def _shown(path: Path) -> str:
    """Return a path from the package on."""
    return str(path.relative_to(KEPT.parents[2])) if path.is_relative_to(KEPT) else str(path)


def _differences(
    wanted: Mapping[str, Any], found: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    """Yield each value that differs: its name, what was found, what it must be."""
    for name in dict.fromkeys((*wanted, *found)):
        want, got = wanted.get(name), found.get(name)
        if isinstance(want, Mapping) and isinstance(got, Mapping):
            yield from _differences(want, got, f"{prefix}{name}.")
        elif want != got:
            yield f"{prefix}{name} {got!r} in place of {want!r}"
