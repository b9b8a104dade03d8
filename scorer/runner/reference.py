"""A plain retraining under the contract: what the time of a submission is compared with.

It trains a fresh network on the retain loader's data set by the task's recipe, through a
DataLoader as a submission would, in the same kind of process on the same device.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from scorer.training.augment import augmentation_named
from scorer.training.loop import TrainingSet, optimise
from scorer.training.models import build_model
from scorer.training.recipe import Recipe


def retrain(net: nn.Module, retain: DataLoader[Any], recipe: Recipe, n_classes: int) -> nn.Module:
    """Return a network retrained from scratch on retain.

    Args:
        net: tells device and number of image channels; is not changed.
        retain: its data set is trained on.
        recipe: of the task.
        n_classes: of the task.
    """
    device = next(net.parameters()).device
    images, labels = retain.dataset.images, retain.dataset.labels  # type: ignore[attr-defined]
    seed = int(torch.randint(0, 2**62, ()).item())
    fresh = build_model(recipe.architecture, images.shape[1], n_classes, seed).to(device)
    data = TrainingSet(images, labels.to(device), n_classes)
    weight = data.class_weight(recipe.class_weights)
    batches = loader_batches(retain, recipe, device)
    optimise(fresh, batches, recipe, recipe.n_steps(len(data)), weight)
    return fresh


def loader_batches(
    loader: DataLoader[Any], recipe: Recipe, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the steps of a training through a DataLoader of the recipe's batch size."""
    augmentation = augmentation_named(recipe.augmentation)
    rebuilt = DataLoader(
        loader.dataset,
        batch_size=min(recipe.batch_size, len(loader.dataset)),  # type: ignore[arg-type]
        shuffle=True,
        drop_last=True,
    )
    generator = torch.Generator().manual_seed(int(torch.randint(0, 2**62, ()).item()))
    for _ in range(recipe.epochs):
        for images, labels in rebuilt:
            images = images.to(device)
            if augmentation is not None:
                drawn = augmentation.draw(len(images), generator).to(device)
                images = augmentation.apply(images, drawn)
            yield images, labels.to(device)
