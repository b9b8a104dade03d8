"""What the runs of one request are given and start from, as a worker is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from safetensors.torch import load as load_tensors
from torch import Tensor

from scorer.oracles.pool import Pool
from scorer.runner.folders import RunsFolder, models_of
from scorer.runner.weights import State
from scorer.scenarios import Request
from scorer.store import WEIGHTS
from scorer.tasks.task import Task

Sets = dict[str, Tensor]
"""`<set>_images`, `<set>_labels` and, where the data tell it, `<set>_people` by name."""


def spec_of(request: Request, pool: Pool, *, keeps_weights: bool = False) -> dict[str, Any]:
    """Return JSON values that `Given.from_spec` reads again, in a worker."""
    before = request.after
    return {
        "asked": request.asked.tolist(),
        "gives_retain": request.gives_retain,
        "keeps_weights": keeps_weights or not request.is_last,
        "part": request.part,
        "before": before and [models_of(pool.for_part(before.task)), before.part],
    }


@dataclass(frozen=True, eq=False)
class Given:
    """One request in a worker.

    Attributes:
        asked: `(n,)` indices into the data that are given as the forget set.
        gives_retain: whether the retain set is given too.
        keeps_weights: whether another request starts from what the runs leave, or they are wanted.
        part: of the folders of runs, see `RunsFolder`.
        before: models and part of the runs of the request before; None where there is none.
    """

    asked: np.ndarray
    gives_retain: bool
    keeps_weights: bool
    part: str
    before: tuple[str, str] | None

    @classmethod
    def from_spec(cls, told: Mapping[str, Any]) -> Given:
        """Return what `spec_of` told."""
        asked = np.array(told["asked"], dtype=np.int64)
        before = told["before"] and tuple(told["before"])
        return cls(**{**told, "asked": asked, "before": before})

    def sets(self, task: Task) -> Sets:
        """Return what a submission is given; a retain set that is gone has no examples."""
        found = {**retain_set(task), **_set("val", task, task.indices("val"))}
        found |= _set("forget", task, self.asked)
        if not self.gives_retain:
            found |= {name: each[:0] for name, each in found.items() if name.startswith("retain_")}
        return found

    def start(self, folder: RunsFolder, index: int, pool: Pool, original: int) -> State:
        """Return the weights that a run starts from.

        Args:
            folder: of its submission.
            index: of the run.
            pool: that holds the original models.
            original: which of them the design gives it.

        Raises:
            DamagedEntry: they are not as they were written.
        """
        if self.before is None:
            return pool.original_weights(original)
        models, part = self.before
        store = replace(folder, models=models, part=part).store("run")
        return dict(load_tensors(store.content(index, WEIGHTS)))


def retain_set(task: Task) -> Sets:
    """Return the retain set, which the kit's own retrainings learn whatever a submission gets."""
    return _set("retain", task, task.indices("retain"))


def _set(name: str, task: Task, indices: np.ndarray) -> Sets:
    """Return images, labels and people of some examples under the name of a set."""
    images = torch.from_numpy(task.raw.normalised(indices))
    found = {f"{name}_images": images, f"{name}_labels": torch.from_numpy(task.raw.labels[indices])}
    people = task.people_of(indices)
    return found if people is None else {**found, f"{name}_people": people}
