"""Models of a task that a study trains for itself: their sets, their training, their outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from baselines.common import Examples
from scorer.oracles.outputs import Bank, EvaluationData, evaluate
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import SETS, Task
from scorer.training.loop import ModelSeeds, TrainingSet
from scorer.training.paths import TrainingPath, device_slug, train_group
from scorer.training.recipe import Recipe

if TYPE_CHECKING:
    from scorer.studies.base import Settings

AT_ONCE = 8
"""Models that are trained together."""


@dataclass(frozen=True)
class Sets:
    """The sets of a task, or a sample of them, on a device.

    Attributes:
        examples: by name.
        n_classes: of the task.
        recipe: of the task.
    """

    examples: dict[str, Examples]
    n_classes: int
    recipe: Recipe

    def training_set(self, role: str) -> TrainingSet:
        """Return what the models of a role are trained on."""
        names = ("retain", "forget") if role == "original" else ("retain",)
        images = torch.cat([self.examples[name].images for name in names])
        labels = torch.cat([self.examples[name].labels for name in names])
        images = images.contiguous(memory_format=torch.channels_last)
        return TrainingSet(images, labels, self.n_classes)

    def evaluation(self) -> EvaluationData:
        """Return all sets as models are evaluated on them."""
        images = {name: each.images for name, each in self.examples.items()}
        labels = {name: each.labels.cpu().numpy() for name, each in self.examples.items()}
        return EvaluationData(images, labels, self.recipe)


def task_values(
    settings: Settings, n_train: int | None = None, most: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return what a part is told of the task that the options name.

    Args:
        settings: name task, folders and device.
        n_train: of retain and forget set together only so many examples, of each the same share,
            so that what is left is still a fair sample of the data; drawn with a fixed seed.
        most: of other sets only so many.

    Raises:
        MissingData: the data set is not there.
    """
    task = load_task(settings.options, settings.engine, settings.progress)
    limits = dict(most or {})
    if n_train is not None:
        sizes = {name: len(task.indices(name)) for name in ("retain", "forget")}
        share = min(1.0, n_train / sum(sizes.values()))
        limits |= {name: round(share * size) for name, size in sizes.items()}
    return values_of(task, settings, limits)


def values_of(task: Task, settings: Settings, most: Mapping[str, int]) -> dict[str, Any]:
    """Return what a part is told of a task, however that was made.

    Args:
        task: kept as a snapshot, which the part reads.
        settings: name the cache folder and the device.
        most: examples of a set by its name; sets that are not named are taken whole.
    """
    folder = settings.options.cache_dir / "v1" / "tasks"
    return {
        "snapshot": str(save_snapshot(task, folder)),
        "fingerprint": task.fingerprint,
        "device": settings.options.torch_device,
        "most": dict(most),
    }


def read_sets(values: Mapping[str, Any]) -> tuple[Task, Sets]:
    """Return the task and the sets that `task_values` told of."""
    task = read_snapshot(Path(values["snapshot"]))
    examples = {}
    for name in SETS:
        images, labels = task.images(name), task.labels(name)
        chosen = _sample(len(labels), values["most"].get(name))
        on_device = images[chosen].to(values["device"]), labels[chosen].to(values["device"])
        examples[name] = Examples(*on_device)
    return task, Sets(examples, task.n_classes, task.definition.recipe)


def _sample(n_examples: int, most: int | None) -> np.ndarray:
    """Return the sorted indices of at most so many examples."""
    if most is None or most >= n_examples:
        return np.arange(n_examples)
    return np.sort(np.random.default_rng(0).choice(n_examples, most, replace=False))


def train_role(
    sets: Sets, recipe: Recipe, fingerprint: str, role: str, n_models: int
) -> list[nn.Module]:
    """Return trained models of one role, in eval mode."""
    seeds = [ModelSeeds.of(fingerprint, role, index) for index in range(n_models)]
    data = sets.training_set(role)
    path = TrainingPath("stacked", AT_ONCE, device_slug(data.images.device), recipe.dtype)
    return train_group(data, recipe, seeds, path)


def outputs_of(nets: list[nn.Module], sets: Sets) -> dict[str, np.ndarray]:
    """Return the outputs of models `(n_models, ...)` by feature and set."""
    data = sets.evaluation()
    return dict(Bank.stack([evaluate(net, data) for net in nets]).arrays)


def loss_of(confidence: ArrayLike) -> np.ndarray:
    """Return the cross-entropy of logit-scaled confidences, which hold all of it."""
    return np.logaddexp(0.0, -np.asarray(confidence, dtype=np.float64))
