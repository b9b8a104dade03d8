"""Models whose views are kept: retrained ones, originals, and what methods leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from scorer.studies._models import Sets, outputs_of, read_sets
from scorer.studies._views import bank_of_views
from scorer.studies.unlearning import baseline_function, unlearn
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds
from scorer.training.paths import TrainingPath, train_group


def trained(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return views and outputs of some models of one role: a part of the study.

    Args:
        values: those of `scorer.studies._models.task_values`, `path`, `role` and `indices`.
    """
    task, sets = read_sets(values)
    nets = _models(values, task, values["role"], values["indices"], sets)
    return _kept(nets, sets)


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return views and outputs of what a method makes of one original: a part of the study.

    Args:
        values: those of `scorer.studies._models.task_values`, `path`, `method`, its `sha256` and
            `n_models`.
    """
    task, sets = read_sets(values)
    (net,) = _models(values, task, "original", [0], sets)
    key = f"{task.fingerprint}/{values['sha256']}"
    function = baseline_function(values["method"])
    return _kept(list(unlearn(function, net, sets.examples, key, values["n_models"])), sets)


def _models(
    values: Mapping[str, Any], task: Task, role: str, indices: Sequence[int], sets: Sets
) -> list[nn.Module]:
    """Return trained models by the recipe of the task."""
    seeds = [ModelSeeds.of(task.fingerprint, role, index) for index in indices]
    path = TrainingPath(**values["path"])
    return train_group(sets.training_set(role), task.definition.recipe, seeds, path)


def _kept(nets: list[nn.Module], sets: Sets) -> dict[str, np.ndarray]:
    """Return what is kept of models."""
    forget, retain = sets.examples["forget"], sets.examples["retain"]
    outputs = outputs_of(nets, sets)
    wanted = ("confidence_forget", "confidence_retain", "confidence_test")
    return {
        **{name: outputs[name] for name in wanted},
        **bank_of_views(nets, forget, retain, sets.n_classes),
    }
