"""Models of one capacity: originals, oracles, and what methods make of the originals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from scorer.studies._models import outputs_of, read_sets, train_role
from scorer.studies.unlearning import baseline_function, unlearn
from scorer.training.recipe import Recipe


def recipe_of(architecture: str, epochs: int) -> dict[str, Any]:
    """Return the recipe of a capacity, as a part is told it.

    Not that of a task: it is one for all of them, so that networks differ by their sizes alone.
    """
    recipe = Recipe(
        architecture=architecture,
        optimizer="sgd",
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=epochs,
        batch_size=64,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    )
    return asdict(recipe)


def retrained(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs of models of one role: a part of the study.

    Args:
        values: those of `scorer.studies._models.task_values`, `recipe`, `role` and `n_models`.
    """
    task, sets = read_sets(values)
    recipe, role = Recipe(**values["recipe"]), values["role"]
    return outputs_of(train_role(sets, recipe, task.fingerprint, role, values["n_models"]), sets)


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs of originals and of what methods make of them: a part of the study.

    A method starts from each original equally often; the runs from one stand together.

    Args:
        values: those of `scorer.studies._models.task_values`, `recipe`, `n_originals`, `n_models`,
            and `methods`: SHA-256 by name.

    Returns:
        "original/..." and "<method>/..." of every output.
    """
    task, sets = read_sets(values)
    recipe = Recipe(**values["recipe"])
    n_originals, n_models = values["n_originals"], values["n_models"]
    originals = train_role(sets, recipe, task.fingerprint, "original", n_originals)
    found = {f"original/{name}": array for name, array in outputs_of(originals, sets).items()}
    for method, sha256 in values["methods"].items():
        function, nets = baseline_function(method), []
        for index, net in enumerate(originals):
            key = f"{task.fingerprint}/{sha256}/{index}"
            nets += list(unlearn(function, net, sets.examples, key, n_models // n_originals))
        found |= {f"{method}/{name}": array for name, array in outputs_of(nets, sets).items()}
    return found
