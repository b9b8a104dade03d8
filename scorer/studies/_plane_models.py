"""Banks of models on random halves: of the images of a task, and of points drawn from a mixture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from data_prep import half_masks
from data_prep.plane import Mixture, raw_points
from scorer.studies._models import read_sets
from scorer.studies._plane_traits import TRAITS, Portrait, portrait
from scorer.training.loop import ModelSeeds, TrainingSet, predict, train_models
from scorer.training.recipe import Recipe


def images_shown(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the portrait of a task's training examples: a part of the study.

    Args:
        values: those of `scorer.studies._models.task_values`, `n_models` and `bank`, the seed of
            the halves and of the models.
    """
    task, sets = read_sets(values)
    data = sets.training_set("original")
    key = f"{task.fingerprint}/{values['bank']}"
    return kept(cross_fitted(data, task.definition.recipe, key, values["n_models"], values["bank"]))


def points_shown(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the portrait of points of a mixture: a part of the study.

    Args:
        values: `mixture`, `recipe`, `n_points`, `n_models` and `draw`, the seed of all of it.
    """
    mixture, draw = Mixture.from_dict(values["mixture"]), values["draw"]
    data = points_set(mixture, values["n_points"], draw)
    recipe = Recipe(**values["recipe"])
    return kept(cross_fitted(data, recipe, f"points/{draw}", values["n_models"], draw))


def points_set(mixture: Mixture, n_points: int, draw: int) -> TrainingSet:
    """Return points of a mixture as networks see them."""
    raw = raw_points(mixture, n_points, draw)
    images = torch.from_numpy(raw.normalised(np.arange(n_points)))
    return TrainingSet(images, torch.from_numpy(raw.labels.copy()), raw.n_classes)


def cross_fitted(data: TrainingSet, recipe: Recipe, key: str, n_models: int, seed: int) -> Portrait:
    """Return the portrait of examples by models that are trained on halves of them.

    Args:
        data: the examples.
        recipe: of the models.
        key: of their seeds.
        n_models: even; half of them see any one example.
        seed: of the halves.
    """
    labels = data.labels.cpu().numpy()
    masks = half_masks(labels, n_models, seed)
    found = []
    for index, mask in enumerate(masks):
        seen = torch.from_numpy(mask).to(data.labels.device)
        half = TrainingSet(data.images[seen], data.labels[seen], data.n_classes)
        (net,) = train_models(half, recipe, [ModelSeeds.of(key, "portrait", index)])
        found.append(torch.softmax(predict(net, data.images).double(), dim=1).cpu().numpy())
    return portrait(np.stack(found), masks, labels)


def kept(shown: Portrait) -> dict[str, np.ndarray]:
    """Return a portrait as arrays."""
    traits = np.array([shown.traits[name] for name in TRAITS])
    return {"traits": traits, "overlaps": shown.overlaps, "own": shown.own, "score": shown.score}


def read(arrays: Mapping[str, np.ndarray]) -> Portrait:
    """Return the portrait that `kept` told."""
    traits = dict(zip(TRAITS, arrays["traits"].tolist(), strict=True))
    return Portrait(traits, *(arrays[name] for name in ("overlaps", "own", "score")))
