"""Boundary shrink: give every forget image the nearest other class, and so move the boundary in.

Short: BS
Source: Chen et al. 2023, "Boundary unlearning", https://arxiv.org/abs/2303.11570
Year: 2023
Data: forget
Cost: EPOCHS forget epochs
Memory: one copy of the network
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and REACH by `tune` on private splits, task by task: see
    baselines/tuning
Differs: made for forgetting classes. The true class is not taken as the nearest, as an attack may
    fail on a single example; the range of pixels is read from the data, as they are normalised
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    Descent,
    Examples,
    device_of,
    for_family,
    frozen_batch_norm,
    frozen_copy,
    predict,
    read,
)

# of the attack, as a share of the range of pixel values
REACH = {"digits": 0.1, "fashion_mnist": 0.0274}
EPOCHS = {"digits": 4.0, "fashion_mnist": 3.91}  # passes over the forget set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.0007, "fashion_mnist": 0.000102}  # falls linearly to zero


def nearest_other_class(net: nn.Module, examples: Examples, reach: float) -> Tensor:
    """Return the likeliest other class one signed gradient step away from each image.

    Source: Goodfellow et al. 2015, arXiv 1412.6572, section 4 (the step).
    """
    low, high = examples.images.min(), examples.images.max()
    found = []
    for images, labels in examples.batches(512, shuffle=False):
        images.requires_grad_(True)
        loss = F.cross_entropy(net(images), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, images)
        crossed = (images.detach() + reach * (high - low) * gradient.sign()).clamp(low, high)
        logits = predict(net, crossed)
        true = F.one_hot(labels, logits.shape[1]).bool()
        found.append(logits.masked_fill(true, -torch.inf).argmax(1))
    return torch.cat(found)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` taught the nearest other class of every forget image."""
    gone = read(forget, device_of(net), name="forget")
    epochs, size, rate, reach = for_family(gone.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, REACH)
    teacher = frozen_copy(net)
    relabelled = Examples(gone.images, nearest_other_class(teacher, gone, reach))
    n_steps = gone.n_steps(epochs, size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, weight_decay=0.0)
    net.train()
    with frozen_batch_norm(net):
        for images, labels in relabelled.steps(epochs, size):
            descent.step(F.cross_entropy(net(images), labels))
    return net.eval()
