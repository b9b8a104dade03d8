"""The plain loop: one model, one step after another, data as tensors on the device.

Everything random about a model comes from its three seeds, through generators of its own on the
CPU, so that it does not matter which models are trained beside it or where.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scorer.training.augment import augmentation_named
from scorer.training.models import build_model
from scorer.training.recipe import Recipe, seed_of, steps_per_epoch
from scorer.training.step import TrainingStep, training_settings

PREDICTED_AT_ONCE = 1000
"""Images of one forward pass in evaluation."""


@dataclass(frozen=True)
class ModelSeeds:
    """Seeds of the random streams that make one model: initial weights, order, augmentation."""

    init: int
    order: int
    augment: int

    @classmethod
    def of(cls, secret: str, role: str, index: int) -> ModelSeeds:
        """Return the seeds of model `index` of a role; see `seed_of`."""
        streams = ("init", "order", "augment")
        return cls(*(seed_of(secret, role, index, stream) for stream in streams))


@dataclass(frozen=True)
class TrainingSet:
    """What models are trained on.

    Attributes:
        images: `(n, channels, height, width)` float32, on the device.
        labels: `(n,)` int64, on the device.
        n_classes: width of the classifier, also where a class has no example.
    """

    images: Tensor
    labels: Tensor
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)

    def class_weight(self, kind: str) -> Tensor | None:
        """Return the weight of each class in the loss, `(n_classes,)` float32, None for "none".

        It is 1 / count of the class, and 0 for an empty one.
        """
        if kind == "none":
            return None
        counts = torch.bincount(self.labels, minlength=self.n_classes).float()
        return torch.where(counts > 0, 1.0 / counts.clamp(min=1.0), counts)


def learning_rate_factor(recipe: Recipe, step: int, n_steps: int) -> float:
    """Return the share of the peak learning rate at `step`, counted from 0."""
    if recipe.schedule == "cosine":
        return 0.5 * (1.0 + float(np.cos(np.pi * step / n_steps)))
    peak = recipe.warmup * n_steps
    if step < peak:
        return (step + 1) / (peak + 1)
    return (n_steps - step) / max(1.0, n_steps - peak)


def make_optimizer(
    parameters: Iterable[Tensor], recipe: Recipe, device: torch.device, *, fused: bool = True
) -> torch.optim.Optimizer:
    """Return the recipe's optimiser over parameters of one model, or of many stacked ones.

    Args:
        parameters: on `device`.
        recipe: names the optimiser and its constants.
        device: on a GPU the learning rate is a tensor there, as a CUDA graph needs it.
        fused: one kernel for the whole update. Without it every operation is rounded by itself,
            alike for each element, wherever in a tensor it lies.
    """
    momentum, rate = recipe.momentum, recipe.learning_rate
    common: dict[str, Any] = {
        "lr": torch.tensor(rate, device=device) if device.type == "cuda" else rate,
        "weight_decay": recipe.weight_decay,
        "fused" if fused else "foreach": True,
    }
    if recipe.optimizer == "adam":
        return torch.optim.Adam(parameters, betas=(momentum, 0.999), **common)
    return torch.optim.SGD(parameters, momentum=momentum, nesterov=momentum > 0, **common)


def draw_epochs(
    n_examples: int, recipe: Recipe, seeds: ModelSeeds
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield what chance decides in each epoch, on the CPU.

    Yields:
        The chosen indices `(n_steps, batch)` int64, an incomplete last batch left out, and the
        augmentation drawn for them `(n_steps, batch, 3)`, None without augmentation.
    """
    order = torch.Generator().manual_seed(seeds.order)
    augment = torch.Generator().manual_seed(seeds.augment)
    augmentation = augmentation_named(recipe.augmentation)
    batch = min(recipe.batch_size, n_examples)
    n_steps = steps_per_epoch(n_examples, recipe.batch_size)
    for _ in range(recipe.epochs):
        shuffled = torch.randperm(n_examples, generator=order)
        chosen = shuffled[: n_steps * batch].view(n_steps, batch)
        drawn = None
        if augmentation is not None:
            drawn = augmentation.draw(n_steps * batch, augment).view(n_steps, batch, -1)
        yield chosen, drawn


def autocast(device: torch.device, recipe: Recipe) -> torch.autocast:
    """Return the context of a forward pass; nothing is cached, since nothing is used twice."""
    enabled = recipe.dtype == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled, cache_enabled=False)


def initial_model(data: TrainingSet, recipe: Recipe, seeds: ModelSeeds) -> nn.Module:
    """Return a freshly initialised model on the data's device, in train mode, channels_last."""
    net = build_model(recipe.architecture, data.images.shape[1], data.n_classes, seeds.init)
    return net.to(data.images.device).to(memory_format=torch.channels_last).train()


def follow(
    recipe: Recipe, train_step: TrainingStep, batches: Iterable[Sequence[Tensor]], n_steps: int
) -> Iterator[None]:
    """Take a step on each of `n_steps` batches at the schedule's rate, yielding after each."""
    for number, inputs in enumerate(batches):
        factor = learning_rate_factor(recipe, number, n_steps)
        train_step(recipe.learning_rate * factor, *inputs)
        yield
    train_step.end()


class LoopTraining:
    """The training of one model, a step at a time.

    Attributes:
        net: on the data's device, in train mode.
    """

    def __init__(self, data: TrainingSet, recipe: Recipe, seeds: ModelSeeds) -> None:
        """Initialise the model and its optimiser."""
        self._data, self._recipe, self._seeds = data, recipe, seeds
        self._device = data.images.device
        self._augmentation = augmentation_named(recipe.augmentation)
        self._class_weight = data.class_weight(recipe.class_weights)
        self.net = initial_model(data, recipe, seeds)

    def steps(self) -> Iterator[None]:
        """Train the model from its beginning to its end, yielding after each step."""
        recipe, n_steps = self._recipe, self._recipe.n_steps(len(self._data))
        optimizer = make_optimizer(self.net.parameters(), recipe, self._device)
        train_step = TrainingStep(self._loss, optimizer)
        return follow(recipe, train_step, self._batches(), n_steps)

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the indices of each batch, and what augmentation drew for it."""
        for epoch in draw_epochs(len(self._data), self._recipe, self._seeds):
            yield from zip(*(p.to(self._device) for p in epoch if p is not None), strict=True)

    def _loss(self, chosen: Tensor, drawn: Tensor | None = None) -> Tensor:
        """Return the loss of one batch."""
        images = self._data.images[chosen]
        if self._augmentation is not None and drawn is not None:
            images = self._augmentation.apply(images, drawn)
        with autocast(self._device, self._recipe):
            logits = self.net(images)
        labels = self._data.labels[chosen]
        return F.cross_entropy(logits.float(), labels, weight=self._class_weight)


def train_models(
    data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]
) -> Iterator[nn.Module]:
    """Yield one trained model, in eval mode on the data's device, for each entry of `seeds`."""
    for model_seeds in seeds:
        with training_settings(data.images.device):
            training = LoopTraining(data, recipe, model_seeds)
            for _ in training.steps():
                pass
        yield training.net.eval()


@torch.no_grad()
def predict(net: nn.Module, images: Tensor, batch_size: int = PREDICTED_AT_ONCE) -> Tensor:
    """Return float32 logits `(n, n_classes)` of a net in eval mode, on its device."""
    return torch.cat([net(part).float() for part in images.split(batch_size)])
