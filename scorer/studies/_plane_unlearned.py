"""The points as a task: what is to be forgotten, and what networks make of the plane after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from data_prep import choose_forget
from data_prep.plane import SEEN, Mixture, coordinates, raw_points
from scorer.oracles.outputs import NotFinite
from scorer.studies._models import Sets, outputs_of, read_sets, train_role
from scorer.studies.parts import text_array
from scorer.studies.unlearning import baseline_function, unlearn
from scorer.tasks.difficulty import measure_difficulty
from scorer.tasks.forget import Material
from scorer.tasks.forget.hard_random import PUBLIC_SEED, HardRandom
from scorer.tasks.kept import measurement
from scorer.tasks.task import Task
from scorer.training.loop import predict

if TYPE_CHECKING:
    from scorer.studies.base import Settings
    from scorer.tasks.definition import TaskDefinition

FAILED = "failed"
"""Name of the array that holds why a method is left out."""

N_CELLS = 150
"""Of the grid on which decisions are kept, a side."""

EDGE = 0.6
"""From the outermost points that are shown to the edge of the window, in units of the mixture."""


def task_of(
    mixture: Mixture,
    n_points: int,
    definition: TaskDefinition,
    forget: HardRandom,
    settings: Settings,
) -> tuple[Task, str]:
    """Return points of a mixture as a task on its public split, and what is kept of its hard ones.

    The kept hard examples of the task are not looked at: they are those of another mixture until
    these are kept.

    Args:
        mixture: law of the points.
        n_points: of all sets.
        definition: its sizes and recipe.
        forget: how many hard and random examples.
        settings: folders, engine and progress.

    Returns:
        The task, and the text of its file of hard examples.
    """
    raw = raw_points(mixture, n_points, PUBLIC_SEED)
    options = replace(settings.options, split_seed=PUBLIC_SEED)
    material = Material(definition, raw, options, settings.engine, settings.progress)
    parts = material.partition()
    difficulty = measure_difficulty(material, parts.train, forget.n_models)
    split = choose_forget(
        parts, raw.labels, difficulty, forget.n_hard, forget.n_random, PUBLIC_SEED
    )
    order = parts.train[np.argsort(difficulty, kind="stable")]
    text = json.dumps(measurement(material, forget, order), indent=1) + "\n"
    return Task(definition, PUBLIC_SEED, raw, split), text


def half_width_of(task: Task) -> float:
    """Return half the side of the window that shows nearly all points."""
    return float(np.quantile(np.abs(coordinates(task.raw)), 0.998) + EDGE)


def axis_of(half_width: float) -> np.ndarray:
    """Return the coordinates of the columns, and of the rows, of the grid."""
    return np.linspace(-half_width, half_width, N_CELLS)


def retrained(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs and decisions of models of one role: a part of the study.

    Args:
        values: those of `scorer.studies._models.task_values`, `role`, `n_models` and `half_width`.
    """
    task, sets = read_sets(values)
    recipe, role = task.definition.recipe, values["role"]
    nets = train_role(sets, recipe, task.fingerprint, role, values["n_models"])
    return {**outputs_of(nets, sets), "decisions": decisions(nets, values["half_width"])}


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return outputs and decisions of originals and of what methods make: a part of the study.

    Every run starts from an original of its own.

    Args:
        values: those of `scorer.studies._models.task_values`, `methods` (SHA-256 by name),
            `n_models` and `half_width`.

    Returns:
        "original/..." and "<method>/..." of every array of `retrained`; "<method>/failed" with the
        reason where a method leaves networks without finite outputs.
    """
    task, sets = read_sets(values)
    recipe = task.definition.recipe
    originals = train_role(sets, recipe, task.fingerprint, "original", values["n_models"])
    found = _named("original", originals, sets, values)
    for method, sha256 in values["methods"].items():
        function = baseline_function(method)
        nets = [
            next(unlearn(function, net, sets.examples, f"{task.fingerprint}/{sha256}/{index}", 1))
            for index, net in enumerate(originals)
        ]
        try:
            found |= _named(method, nets, sets, values)
        except NotFinite as error:
            found[f"{method}/{FAILED}"] = text_array(str(error))
    return found


def _named(
    row: str, nets: list[nn.Module], sets: Sets, values: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Return outputs and decisions of networks, each under the name of their row."""
    arrays = {**outputs_of(nets, sets), "decisions": decisions(nets, values["half_width"])}
    return {f"{row}/{name}": array for name, array in arrays.items()}


def decisions(nets: Sequence[nn.Module], half_width: float) -> np.ndarray:
    """Return the class that each network gives each cell, `(n_models, rows, columns)` uint8."""
    axis = (axis_of(half_width) / SEEN).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    places = torch.from_numpy(np.stack([x.ravel(), y.ravel()], axis=1))[:, :, None, None]
    found = []
    for net in nets:
        on_device = places.to(next(net.parameters()).device)
        chosen = predict(net, on_device, batch_size=8192).argmax(dim=1)
        found.append(chosen.view(N_CELLS, N_CELLS).to(torch.uint8).cpu().numpy())
    return np.stack(found)
