"""SalUn: random labels, moving only the weights that the forget loss depends on most.

Short: SalUn
Source: Fan et al. 2024, "SalUn: empowering machine unlearning via gradient-based weight saliency",
    https://arxiv.org/abs/2310.12508
Year: 2024
Data: retain, forget
Cost: 2 forget epochs + EPOCHS retain epochs
Memory: two copies of the weights
Randomness: labels, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, RELABELLED_RATE and SALIENT_SHARE by `tune` on private
    splits, task by task: see baselines/tuning; a share of 0.5 is published
Differs: one pass with random labels, then all epochs on retain, not 10 rounds of both
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
    mean_gradients,
    n_classes_of,
    read,
)

SALIENT_SHARE = 0.5  # of all weights together
# learning rate of the pass over forget, falls linearly to zero
RELABELLED_RATE = {"digits": 0.0207, "fashion_mnist": 0.0103}
EPOCHS = {"digits": 0.9, "fashion_mnist": 0.81}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.492, "fashion_mnist": 0.246}  # peak on the retain set
WARMUP = 0.25  # share of the steps on the retain set


def salient(gradients: list[Tensor], share: float) -> list[Tensor]:
    """Return for each gradient which entries are among the largest `share` of all together."""
    size = torch.cat([gradient.abs().flatten() for gradient in gradients])
    chosen = torch.zeros_like(size, dtype=torch.bool)
    chosen[size.topk(round(share * len(size))).indices] = True
    parts = chosen.split([gradient.numel() for gradient in gradients])
    return [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]


def train_masked(
    net: nn.Module,
    examples: Examples,
    masks: list[Tensor],
    *,
    epochs: float,
    batch_size: int,
    rate: float,
    warmup: float,
) -> None:
    """Train by cross-entropy the weights that `masks` has true; all others stay as they are."""
    start = [parameter.detach().clone() for parameter in net.parameters()]
    n_steps = examples.n_steps(epochs, batch_size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, warmup=warmup)
    net.train()
    for images, labels in examples.steps(epochs, batch_size):
        descent.step(F.cross_entropy(net(images), labels))
        # Masking gradients would not hold: momentum and weight decay move weights without one.
        with torch.no_grad():
            for parameter, mask, value in zip(net.parameters(), masks, start, strict=True):
                parameter.copy_(torch.where(mask, parameter, value))


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` whose salient weights unlearned the forget labels; the others do not move."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, relabelled_rate, share = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RELABELLED_RATE, SALIENT_SHARE
    )
    masks = salient(mean_gradients(net, gone), share)
    drawn = torch.randint(n_classes_of(net), gone.labels.shape, device=device)
    relabelled = Examples(gone.images, drawn)
    for examples, passes, peak, warmup in (
        (relabelled, 1.0, relabelled_rate, 0.0),
        (kept, epochs, rate, WARMUP),
    ):
        train_masked(net, examples, masks, epochs=passes, batch_size=size, rate=peak, warmup=warmup)
    return net.eval()
