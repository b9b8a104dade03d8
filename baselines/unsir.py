"""UNSIR: impair with noise that maximises the loss of the forgotten classes, then repair.

Short: UNSIR
Source: Tarun et al. 2021, "Fast yet effective machine unlearning", https://arxiv.org/abs/2111.08947
Year: 2021
Data: retain, forget
Cost: IMPAIR_EPOCHS + REPAIR_EPOCHS retain epochs + 10 input gradients of 32 noise images
Memory: one copy of the network, 32 noise images
Randomness: the noise, its labels, data order
Tuned: NOISE_RATE, IMPAIR_EPOCHS, BATCH_SIZE, IMPAIR_RATE, REPAIR_EPOCHS and REPAIR_RATE by `tune`
    on private splits, task by task: see baselines/tuning
Differs: made for forgetting classes. Here the noise is of the classes of forget examples, drawn in
    their proportion; impairing and repairing use all of retain, not 500 images a class
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, fine_tune, for_family, frozen_copy, join, read

N_NOISE = 32  # noise images
NOISE_STEPS = 10  # of Adam on the noise
NOISE_RATE = {"digits": 0.213, "fashion_mnist": 0.253}  # learning rate of the noise
SIZE_PENALTY = 0.1  # weight of the mean squared length of the noise
REPEATS = 4  # of the noise in an impairing epoch
IMPAIR_EPOCHS = {"digits": 0.218, "fashion_mnist": 0.36}  # passes over the retain set and the noise
BATCH_SIZE = {"digits": 16, "fashion_mnist": 128}
IMPAIR_RATE = {"digits": 0.0406, "fashion_mnist": 0.0398}  # peak learning rate while impairing
REPAIR_EPOCHS = {"digits": 0.272, "fashion_mnist": 0.45}  # passes over the retain set
REPAIR_RATE = {"digits": 0.0957, "fashion_mnist": 0.211}  # peak learning rate while repairing


def error_maximising(net: nn.Module, like: Examples, rate: float) -> Examples:
    """Return noise that `net` finds least like the labels it carries, drawn from `like`'s."""
    drawn = torch.randint(len(like), (N_NOISE,), device=like.labels.device)
    labels = like.labels[drawn]
    noise = torch.randn_like(like.images[drawn]).requires_grad_(True)
    optimizer = torch.optim.Adam([noise], lr=rate)
    for _ in range(NOISE_STEPS):
        size = noise.square().flatten(1).sum(1).mean()
        loss = SIZE_PENALTY * size - F.cross_entropy(net(noise), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Examples(noise.detach(), labels)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` impaired by noise labelled with the forget set's classes, then repaired."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    noise_rate, impair_epochs, size, impair_rate, repair_epochs, repair_rate = for_family(
        kept.images, NOISE_RATE, IMPAIR_EPOCHS, BATCH_SIZE, IMPAIR_RATE, REPAIR_EPOCHS, REPAIR_RATE
    )
    noise = error_maximising(frozen_copy(net), gone, noise_rate)
    impairing = join(kept, *[noise] * REPEATS)
    for examples, epochs, rate in (
        (impairing, impair_epochs, impair_rate),
        (kept, repair_epochs, repair_rate),
    ):
        fine_tune(net, examples, epochs=epochs, batch_size=size, learning_rate=rate)
    return net.eval()
