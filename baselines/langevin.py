"""Langevin unlearning: noisy clipped gradient descent on the retain set, kept within a ball.

Short: Langevin
Source: Chien et al. 2024, "Langevin unlearning", https://arxiv.org/abs/2401.10371
Year: 2024
Data: retain
Cost: 2.75 retain epochs
Memory: none
Randomness: the noise on every step, data order
Tuned: LAST_RATE by `tune` on private splits of digits; before, step, noise and last rate, on a
    retired split of digits
Differs: the last 0.75 epochs have no noise, which would cost accuracy. The published guarantee
    assumes a network trained by the same noisy steps on a strongly convex loss: it fails here
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, read

NOISY_EPOCHS = 2.0  # passes over the retain set with noise
LAST_EPOCHS = 0.75  # passes after them without
STEP = 0.1  # eta: learning rate of the noisy steps
NOISE = 0.04  # sigma: a step adds noise of standard deviation sqrt(2 eta) sigma
MAX_NORM = 1.0  # C: gradients are clipped to this length
RADIUS = 2.0  # R: weights are kept within this many times their length at the start
LAST_RATE = 0.206  # peak learning rate of the last epochs


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after noisy descent on the retain set and a short descent without noise."""
    kept = read(retain, device_of(net), name="retain")
    weights = [parameter for parameter in net.parameters() if parameter.requires_grad]
    limit = RADIUS * torch.nn.utils.get_total_norm(weights)
    net.train()
    size = kept.batch_size
    for images, labels in islice(kept.endless(size), kept.n_steps(NOISY_EPOCHS, size)):
        net.zero_grad(set_to_none=True)
        F.cross_entropy(net(images), labels).backward()
        torch.nn.utils.clip_grad_norm_(weights, MAX_NORM)
        with torch.no_grad():
            for weight in weights:
                if weight.grad is not None:
                    weight.sub_(STEP * weight.grad)
                weight.add_((2 * STEP) ** 0.5 * NOISE * torch.randn_like(weight))
            shrink = (limit / torch.nn.utils.get_total_norm(weights)).clamp(max=1.0)
            for weight in weights:
                weight.mul_(shrink)
    fine_tune(net, kept, epochs=LAST_EPOCHS, learning_rate=LAST_RATE)
    return net.eval()
