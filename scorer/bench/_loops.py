"""The ways to train models that are timed against each other, and what they train on.

A way is an endless sequence of steps.

All of them train the same architecture on the same data with the same batch size, loss, memory
layout and optimiser. The usual loops have no schedule, which spares them work that the kit does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from data_prep import MissingData, load_raw
from scorer.tasks.definition import TaskDefinition
from scorer.training import loop
from scorer.training.augment import augmentation_named
from scorer.training.loop import LoopTraining, ModelSeeds, TrainingSet
from scorer.training.paths import TrainingPath
from scorer.training.recipe import Recipe
from scorer.training.stacked import StackedTraining
from scorer.training.step import training_settings

Batches = Iterator[tuple[Tensor, Tensor]]

SHAPES = {
    "fashion_mnist": (60000, 1, 28, 28),
    "cifar10": (50000, 3, 32, 32),
    "celeba": (182637, 3, 64, 64),
}
"""Training images, channels, height and width of a data set, to draw at random where it is not."""

N_CLASSES = 10


def training_data(
    definition: TaskDefinition, data_dir: Path, n_examples: int | None = None
) -> tuple[TrainingSet, str]:
    """Return as many examples as a task retains, channels_last, and where they come from.

    Speed does not ask which examples these are, so nothing is split and no difficulty measured.

    Args:
        definition: of the task.
        data_dir: where data sets lie.
        n_examples: so many only; None for as many as the task retains.
    """
    held_out = definition.n_val + definition.forget.size + (definition.n_test or 0)
    try:
        raw = load_raw(definition.dataset, data_dir)
    except MissingData:
        if definition.dataset not in SHAPES:
            raise
        n_train, *shape = SHAPES[definition.dataset]
        generator, n_classes = torch.Generator().manual_seed(0), N_CLASSES
        images = torch.randn(n_examples or n_train - held_out, *shape, generator=generator)
        labels = torch.randint(0, n_classes, (len(images),), generator=generator)
        source = "random images of its shape, since its data are not in the data directory"
    else:
        train = (~raw.is_official_test).nonzero()[0]
        chosen = train[: n_examples or len(train) - held_out]
        images, labels = map(torch.from_numpy, (raw.normalised(chosen), raw.labels[chosen]))
        source, n_classes = "its own images", raw.n_classes
    images = images.contiguous(memory_format=torch.channels_last)
    return TrainingSet(images, labels, n_classes), source


def kit_steps(
    data: TrainingSet, recipe: Recipe, path: TrainingPath, first_index: int = 0
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
            if path.name == "loop":
                yield from LoopTraining(data, recipe, seeds[0]).steps()
                continue
            group = StackedTraining(data, recipe, seeds)
            yield from group.steps()
            group.models()


def plain_steps(
    data: TrainingSet,
    recipe: Recipe,
    batches: Batches,
    compile_options: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """Train model after model kernel by kernel, as one would write it without the kit.

    Args:
        data: on the device.
        recipe: of the task.
        batches: without end, on the device.
        compile_options: arguments of `nn.Module.compile`, None to leave the network as it is.
    """
    device = data.images.device
    weight = data.class_weight(recipe.class_weights)
    while True:
        net = loop.initial_model(data, recipe, ModelSeeds(0, 0, 0))
        if compile_options is not None:
            net.compile(**compile_options)
        optimizer = loop.make_optimizer(net.parameters(), recipe, device)
        for images, labels in islice(batches, recipe.n_steps(len(data))):
            optimizer.zero_grad()
            with loop.autocast(device, recipe):
                logits = net(images)
            F.cross_entropy(logits.float(), labels, weight=weight).backward()
            optimizer.step()
            yield


def loader_batches(data: TrainingSet, recipe: Recipe) -> Batches:
    """Yield the batches of a DataLoader over a TensorDataset, as most code does."""
    batch_size = min(recipe.batch_size, len(data))
    examples = TensorDataset(data.images, data.labels)
    loader = DataLoader(examples, batch_size=batch_size, shuffle=True, drop_last=True)
    while True:
        yield from loader


def tensor_batches(data: TrainingSet, recipe: Recipe) -> Batches:
    """Yield slices of a shuffled index, augmented on the device, without a DataLoader."""
    augmentation = augmentation_named(recipe.augmentation)
    device = data.images.device
    while True:
        for epoch in loop.draw_epochs(len(data), recipe, ModelSeeds(0, 0, 0)):
            on_device = [part.to(device) for part in epoch if part is not None]
            for rows, *drawn in zip(*on_device, strict=True):
                images = data.images[rows]
                if augmentation is not None:
                    images = augmentation.apply(images, *drawn)
                yield images, data.labels[rows]


def product(size: int, dtype: torch.dtype, device: torch.device) -> Callable[[], Tensor]:
    """Return a function that multiplies two square matrices: the most arithmetic there is."""
    left = torch.randn(size, size, device=device).to(dtype)
    return partial(torch.mm, left, left, out=torch.empty_like(left))


def repeat(step: Callable[[], object], device: torch.device) -> Callable[[int], None]:
    """Return a function that makes so many steps and waits until the device has made them."""

    def make(n_steps: int) -> None:
        for _ in range(n_steps):
            step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return make
