"""Langevin unlearning: noisy clipped gradient descent on the retain set, kept within a ball.

Short: Langevin
Source: Chien et al. 2024, "Langevin unlearning", https://arxiv.org/abs/2401.10371
Year: 2024
Data: retain
Cost: NOISY_EPOCHS + LAST_EPOCHS retain epochs
Memory: none
Randomness: the noise on every step, data order
Tuned: NOISY_EPOCHS, LAST_EPOCHS, BATCH_SIZE, NOISY_RATE, NOISE and LAST_RATE by `tune` on private
    splits, task by task: see baselines/tuning
Differs: the last epochs have no noise, which would cost accuracy. The published guarantee assumes a
    network trained by the same noisy steps on a strongly convex loss: it fails here
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, for_family, read

NOISY_EPOCHS = {"digits": 0.8, "fashion_mnist": 0.175}  # passes over the retain set with noise
LAST_EPOCHS = {"digits": 0.3, "fashion_mnist": 0.0655}  # passes after them without
BATCH_SIZE = {"digits": 64, "fashion_mnist": 32}
NOISY_RATE = {"digits": 0.1, "fashion_mnist": 0.00674}  # eta: learning rate of the noisy steps
# sigma: a step adds noise of standard deviation sqrt(2 eta) sigma
NOISE = {"digits": 0.04, "fashion_mnist": 0.0164}
MAX_NORM = 1.0  # C: gradients are clipped to this length
RADIUS = 2.0  # R: weights are kept within this many times their length at the start
LAST_RATE = {"digits": 0.206, "fashion_mnist": 0.0576}  # peak learning rate of the last epochs


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after noisy descent on the retain set and a short descent without noise."""
    kept = read(retain, device_of(net), name="retain")
    noisy_epochs, last_epochs, size, rate, noise, last_rate = for_family(
        kept.images, NOISY_EPOCHS, LAST_EPOCHS, BATCH_SIZE, NOISY_RATE, NOISE, LAST_RATE
    )
    weights = [parameter for parameter in net.parameters() if parameter.requires_grad]
    limit = RADIUS * torch.nn.utils.get_total_norm(weights)
    net.train()
    for images, labels in kept.steps(noisy_epochs, size):
        net.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        torch.nn.utils.clip_grad_norm_(weights, MAX_NORM)
        with torch.no_grad():
            for weight in weights:
                if weight.grad is not None:
                    weight.sub_(rate * weight.grad)
                weight.add_((2 * rate) ** 0.5 * noise * torch.randn_like(weight))
            shrink = (limit / torch.nn.utils.get_total_norm(weights)).clamp(max=1.0)
            for weight in weights:
                weight.mul_(shrink)
    fine_tune(net, kept, epochs=last_epochs, batch_size=size, learning_rate=last_rate)
    return net.eval()
