"""The ways to train models that are timed against each other, as endless sequences of steps.

All of them train the same architecture on the same data with the same batch size, optimiser and
constants. The two usual loops have no schedule, which spares them work that the kit's way does.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from scorer.training.augment import augmentation_named
from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet, draw_epochs
from scorer.training.models import build_model
from scorer.training.paths import TrainingPath
from scorer.training.recipe import Recipe
from scorer.training.stacked import StackedTraining
from scorer.training.step import training_settings


def kit_steps(
    data: TrainingSet, recipe: Recipe, path: TrainingPath, first_index: int
) -> Iterator[None]:
    """Train group after group as the kit does, yielding after each step of a group.

    Args:
        data: on the device.
        recipe: of the task.
        path: loop, or stacked with `path.k` models at once.
        first_index: of the models; workers that share a pool train different ones.
    """
    index = first_index
    with training_settings(data.images.device):
        while True:
            seeds = [ModelSeeds.of("bench", "oracle", index + slot) for slot in range(path.k)]
            index += path.k
            if path.name == "stacked":
                group = StackedTraining(data, recipe, seeds)
                yield from group.steps()
                group.models()
            else:
                yield from LoopTraining(data, recipe, seeds[0]).steps()


def dataloader_steps(data: TrainingSet, recipe: Recipe) -> Iterator[None]:
    """Train model after model with a DataLoader over a TensorDataset, as most code does."""
    loader = DataLoader(
        TensorDataset(data.images.contiguous(), data.labels),
        batch_size=min(recipe.batch_size, len(data)),
        shuffle=True,
        drop_last=True,
    )
    while True:
        net, optimizer = _usual_model(data, recipe)
        for _ in range(recipe.epochs):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(net(images), labels)
                loss.backward()
                optimizer.step()
                yield


def tensor_steps(data: TrainingSet, recipe: Recipe) -> Iterator[None]:
    """Train model after model on slices of a shuffled index, without a DataLoader."""
    images, labels = data.images.contiguous(), data.labels
    batch = min(recipe.batch_size, len(data))
    while True:
        net, optimizer = _usual_model(data, recipe)
        for _ in range(recipe.epochs):
            order = torch.randperm(len(data))
            for start in range(0, len(data) - batch + 1, batch):
                chosen = order[start : start + batch]
                optimizer.zero_grad()
                loss = F.cross_entropy(net(images[chosen]), labels[chosen])
                loss.backward()
                optimizer.step()
                yield


def device_batches(
    data: TrainingSet, recipe: Recipe, seeds: ModelSeeds
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one model's training without end, augmented on the device."""
    augmentation = augmentation_named(recipe.augmentation)
    device = data.images.device
    while True:
        for chosen, drawn in draw_epochs(len(data), recipe, seeds):
            indices = chosen.to(device)
            parameters = None if drawn is None else drawn.to(device)
            for number, rows in enumerate(indices):
                images = data.images[rows]
                if augmentation is not None and parameters is not None:
                    images = augmentation.apply(images, parameters[number])
                yield images, data.labels[rows]


def _usual_model(data: TrainingSet, recipe: Recipe) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Return a fresh model and the recipe's optimiser, both with torch's defaults otherwise."""
    seed = int(torch.randint(0, 2**31, ()).item())
    net = build_model(recipe.architecture, data.images.shape[1], data.n_classes, seed).train()
    if recipe.optimizer == "adam":
        return net, torch.optim.Adam(
            net.parameters(),
            lr=recipe.learning_rate,
            betas=(recipe.momentum, 0.999),
            weight_decay=recipe.weight_decay,
        )
    return net, torch.optim.SGD(
        net.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=recipe.momentum > 0,
    )
