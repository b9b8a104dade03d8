"""What models, runs and banks take on disk, and whether it is free before work begins."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scorer.errors import ScorerError
from scorer.features.weights import keeps_weights
from scorer.oracles.outputs import MOST_IN_MEMORY_BYTES
from scorer.tasks.task import Task
from scorer.training.models import build_model

RESERVE = 1.1
"""What has to be free, over what is estimated: file systems round up, and logs grow meanwhile."""

MIB = 2**20


@dataclass(frozen=True)
class Need:
    """Entries of one kind that are to be written.

    Attributes:
        what: for messages, such as "models of role oracle".
        n_entries: how many.
        bytes_each: about what one takes.
    """

    what: str
    n_entries: int
    bytes_each: int

    @property
    def n_bytes(self) -> int:
        """Return what all of them take."""
        return self.n_entries * self.bytes_each

    def __str__(self) -> str:
        return f"{_size(self.n_bytes)} for {self.n_entries} {self.what}"


def model_needs(task: Task, missing: Mapping[str, int], extra: Collection[str] = ()) -> list[Need]:
    """Return what models that are to be trained will take: outputs, and weights where kept.

    Args:
        task: that they are models of.
        missing: how many models by role.
        extra: names of the extra features that are asked for.
    """
    outputs, kept = outputs_bytes(task, extra), weights_bytes(task)
    return [
        Need(f"models of role {role}, with weights", n, outputs + kept)
        if role == "original" or keeps_weights(extra)
        else Need(f"models of role {role}", n, outputs)
        for role, n in missing.items()
        if n
    ]


def run_needs(
    task: Task, n_runs: int, *, with_weights: bool = False, extra: Collection[str] = ()
) -> list[Need]:
    """Return what the outcomes of runs will take.

    Args:
        task: that they are evaluated on.
        n_runs: that are to be made.
        with_weights: whether the weights that they return are kept, whatever is asked for.
        extra: names of the extra features that are asked for.
    """
    is_kept = with_weights or keeps_weights(extra)
    kept = weights_bytes(task) if is_kept else 0
    what = "runs, with weights" if is_kept else "runs"
    return [Need(what, n_runs, outputs_bytes(task, extra) + kept)] if n_runs else []


def bank_needs(task: Task, banks: Mapping[str, int]) -> list[Need]:
    """Return what banks that are looked at together take in files: the large ones alone.

    Args:
        task: that their models are evaluated on.
        banks: how many models each has, by what they are.
    """
    each = outputs_bytes(task)
    return [
        Need(f"outputs of {what} at once", n, each)
        for what, n in banks.items()
        if n * each > MOST_IN_MEMORY_BYTES
    ]


def check_room(folder: Path, needs: Iterable[Need]) -> None:
    """Refuse to begin what the disk cannot hold.

    Args:
        folder: where it will lie; made now where it is not there.
        needs: everything that will be written there.

    Raises:
        ScorerError: less is free; the message says what is needed for what.
    """
    wanted = list(needs)
    n_bytes = sum(each.n_bytes for each in wanted)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < RESERVE * n_bytes:
        parts = ", ".join(map(str, wanted))
        raise ScorerError(
            f"{folder} must have {_size(RESERVE * n_bytes)} free, got {_size(free)}: {parts}; make"
            " room or set CACHE_DIR"
        )


def outputs_bytes(task: Task, extra: Collection[str] = ()) -> int:
    """Return about what the outputs of one model of a task take.

    An extra feature is taken to be of the forget set, and as wide as logits and one number more.
    """
    n_forget, n_classes = len(task.split.forget), task.n_classes
    more = len(extra) * 4 * (n_classes + 1) * n_forget
    return bytes_of_outputs(len(task.raw.labels), n_forget, n_classes) + more


def bytes_of_outputs(n_examples: int, n_forget: int, n_classes: int) -> int:
    """Return about what the outputs of one model take."""
    return 5 * n_examples + 4 * n_classes * n_forget + 4096


def weights_bytes(task: Task) -> int:
    """Return what the parameters and buffers of one model of a task take."""
    net = build_model(task.definition.recipe.architecture, task.n_channels, task.n_classes, seed=0)
    return sum(tensor.nbytes for tensor in net.state_dict().values())


def _size(n_bytes: float) -> str:
    """Return bytes as people read them."""
    return f"{n_bytes / MIB:.0f} MiB" if n_bytes < 1024 * MIB else f"{n_bytes / MIB / 1024:.1f} GiB"
