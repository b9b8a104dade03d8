"""Small recipes and data sets for the tests of training."""

from __future__ import annotations

from dataclasses import replace

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from scorer.training.loop import ModelSeeds, TrainingSet
from scorer.training.recipe import Recipe

RECIPE = Recipe(
    architecture="small_cnn",
    optimizer="sgd",
    learning_rate=0.1,
    momentum=0.9,
    weight_decay=5e-4,
    schedule="one_cycle",
    warmup=0.25,
    epochs=1,
    batch_size=16,
    augmentation="none",
    class_weights="none",
    dtype="float32",
)


def recipe(**changes: object) -> Recipe:
    """Return the recipe of `digits` for one epoch in small batches, changed."""
    return replace(RECIPE, **changes)  # type: ignore[arg-type]


def seeds_of(*indices: int) -> list[ModelSeeds]:
    """Return the seeds of some models of a task that does not exist."""
    return [ModelSeeds.of("tests", "oracle", index) for index in indices]


def noise(n_examples: int, *shape: int, n_classes: int = 10) -> TrainingSet:
    """Return a training set of noise with labels at random."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(n_examples, *shape, generator=generator)
    labels = torch.randint(0, n_classes, (n_examples,), generator=generator)
    return TrainingSet(images, labels, n_classes)


def digits(n_examples: int) -> tuple[TrainingSet, TrainingSet]:
    """Return that many shuffled digits to train on, and 500 others."""
    raw = load_digits()
    order = torch.randperm(len(raw.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(raw.images, dtype=torch.float32)[order, None]
    images = (images - images.mean()) / images.std()
    labels = torch.tensor(raw.target)[order]
    train, test = slice(0, n_examples), slice(n_examples, n_examples + 500)
    return (
        TrainingSet(images[train], labels[train], 10),
        TrainingSet(images[test], labels[test], 10),
    )


def state_bytes(net: nn.Module) -> bytes:
    """Return all parameters and buffers as bytes."""
    return b"".join(value.contiguous().numpy().tobytes() for value in net.state_dict().values())


def largest_difference(net: nn.Module, other: nn.Module) -> float:
    """Return the largest difference of two networks' values, relative to each tensor's largest."""

    def relative(a: Tensor, b: Tensor) -> float:
        a, b = a.double().cpu(), b.double().cpu()
        return ((a - b).abs().max() / b.abs().max().clamp(min=1e-30)).item()

    pairs = zip(net.state_dict().values(), other.state_dict().values(), strict=True)
    return max(relative(a, b) for a, b in pairs)
