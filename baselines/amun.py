"""AMUN: give the forget set's nearest adversarial examples the wrong labels that they were given.

Short: AMUN
Source: Ebrahimpour-Boroojeny et al. 2025, "Not all wrong is bad: using adversarial examples for
    unlearning", https://arxiv.org/abs/2503.00917
Year: 2025
Data: retain, forget
Cost: at most 12 gradients of the forget set, then EPOCHS over retain and the examples found
Memory: one copy of the network, the adversarial examples
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning
Differs: 2 steps for each of 6 radii, not 50 for as many as it takes; examples that no radius moves
    are left out. Fewer epochs than 10, without the forget images under their true labels
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    Examples,
    device_of,
    fine_tune,
    for_family,
    frozen_copy,
    join,
    predict,
    read,
)

FIRST_RADIUS = 0.05  # of the attack, relative to the mean length of an image
GROWTH = 1.8  # of the radius, where the prediction has not changed
N_RADII = 6
ATTACK_STEPS = 2  # gradient steps at each radius
ATTACK_BATCH = 512  # images attacked at once
EPOCHS = {"digits": 0.68, "fashion_mnist": 0.323}  # passes over retain and the adversarial examples
BATCH_SIZE = 64
LEARNING_RATE = {"digits": 0.2, "fashion_mnist": 0.155}  # peak
WARMUP = 0.25  # share of the steps


def lengths(images: Tensor) -> Tensor:
    """Return the Euclidean length of each image, shaped to divide the images by."""
    return images.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, *[1] * (images.ndim - 1))


def attack(net: nn.Module, start: Tensor, labels: Tensor, radius: float) -> Tensor:
    """Return images within `radius` of `start` that climb the loss, in the range of `start`.

    The projected gradient method with L2 steps; Madry et al. 2018, arXiv 1706.06083, section 2.1.
    """
    images = start
    for _ in range(ATTACK_STEPS):
        moved = images.detach().requires_grad_(True)
        loss = F.cross_entropy(net(moved), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, moved)
        shift = images + 2 * radius / ATTACK_STEPS * gradient / lengths(gradient) - start
        shift = shift * (radius / lengths(shift)).clamp(max=1.0)
        images = (start + shift).clamp(start.min(), start.max())
    return images


def nearest_adversarial(net: nn.Module, examples: Examples) -> Examples:
    """Return the images that change the prediction at the smallest radius, with that prediction."""
    images = examples.images.clone()
    predicted = predict(net, images).argmax(1)
    radius = FIRST_RADIUS * lengths(images).mean().item()
    for _ in range(N_RADII):
        left = (predicted == examples.labels).nonzero().squeeze(1)
        if len(left) == 0:
            break
        for part in left.split(ATTACK_BATCH):
            images[part] = attack(net, examples.images[part], examples.labels[part], radius)
        predicted[left] = predict(net, images[left]).argmax(1)
        radius *= GROWTH
    moved = predicted != examples.labels
    return Examples(images[moved], predicted[moved])


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` fine-tuned on retain and on adversarial neighbours of the forget images."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate = for_family(kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    adversarial = nearest_adversarial(frozen_copy(net), gone)
    fine_tune(
        net,
        join(kept, adversarial),
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
    )
    return net.eval()
