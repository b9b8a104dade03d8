"""Surgery: ascend the forget loss only along directions that leave the retain loss alone.

Short: OGA
Source: the file surgery.py of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning, after Yu et al. 2020, "Gradient surgery for multi-task
    learning", algorithm 1, https://arxiv.org/abs/2001.06782
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs + ASCENT_EPOCHS forget epochs, each with as much retain data
Memory: two gradients
Randomness: data order only
Tuned: ASCENT_EPOCHS, ASCENT_RATE, EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits,
    task by task: see baselines/tuning
Differs: only a conflict is removed from the gradient, as in algorithm 1, where the source removes
    every component along the retain gradient; the loss to ascend is bounded; SGD repairs, without
    the source's penalty on absolute weights, which is too small to matter
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, for_family, read

ASCENT_EPOCHS = {"digits": 1.64, "fashion_mnist": 0.944}  # passes over the forget set
ASCENT_RATE = {"digits": 0.0752, "fashion_mnist": 0.0129}  # learning rate of plain steps
EPOCHS = {"digits": 0.436, "fashion_mnist": 0.227}  # passes over the retain set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 16}
LEARNING_RATE = {"digits": 0.155, "fashion_mnist": 0.0322}  # peak
WARMUP = 0.1  # share of the steps


def without_conflict(ascent: Sequence[Tensor], retain: Sequence[Tensor]) -> list[Tensor]:
    """Return `ascent` less its part along `retain`, where moving along it would raise that loss."""
    dot = torch.stack([(a * r).sum() for a, r in zip(ascent, retain, strict=True)]).sum()
    square = torch.stack([(r * r).sum() for r in retain]).sum()
    share = (dot / square.clamp(min=1e-12)).clamp(min=0.0)
    return [a - share * r for a, r in zip(ascent, retain, strict=True)]


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after orthogonal ascent on forget data and fine-tuning on retain data."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    ascent_epochs, ascent_rate, epochs, size, rate = for_family(
        kept.images, ASCENT_EPOCHS, ASCENT_RATE, EPOCHS, BATCH_SIZE, LEARNING_RATE
    )
    companions = kept.endless(size)
    parameters = [p for p in net.parameters() if p.requires_grad]
    net.train()
    for images, labels in gone.steps(ascent_epochs, size):
        retain_images, retain_labels = next(companions)
        logits = net(torch.cat([images, retain_images]))
        errors = F.cross_entropy(logits[: len(labels)], labels, reduction="none")
        up = errors.clamp(max=math.log(logits.shape[1])).mean()
        down = F.cross_entropy(logits[len(labels) :], retain_labels)
        ascent = torch.autograd.grad(up, parameters, retain_graph=True)
        retain_gradient = torch.autograd.grad(down, parameters)
        steps = without_conflict(ascent, retain_gradient)
        with torch.no_grad():
            for parameter, step in zip(parameters, steps, strict=True):
                parameter.add_(step, alpha=ascent_rate)
    fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
