"""What a submission is timed against: one retraining by the kit's own loop for one model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scorer.training.loop import ModelSeeds, TrainingSet, train_models
from scorer.training.recipe import Recipe


def retrain(
    images: Tensor, labels: Tensor, recipe: Recipe, n_classes: int, device: torch.device
) -> nn.Module:
    """Return a network trained from scratch on retain, as fast as the kit can train a single one.

    Examples are tensors on the device, channels_last, the optimiser is fused, and on a GPU the
    step is a CUDA graph whose kernels cuDNN has chosen by trial.

    Args:
        images: `(n, channels, height, width)` float32 of the retain set.
        labels: `(n,)` int64.
        recipe: of the task.
        n_classes: of the task.
        device: where it is trained.
    """
    images = images.to(device, memory_format=torch.channels_last)
    data = TrainingSet(images, labels.to(device), n_classes)
    init, order, augment = torch.randint(0, 2**62, (3,)).tolist()
    (net,) = train_models(data, recipe, [ModelSeeds(init, order, augment)])
    return net
