"""NoT: negate weights of the first layer, then fine-tune on the retain set.

Short: NoT
Source: Khalil et al. 2025, "NoT: federated unlearning via weight negation",
    https://arxiv.org/abs/2503.05657
Year: 2025
Data: retain
Cost: EPOCHS retain epochs
Memory: none
Randomness: the filters negated, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and NEGATED_SHARE by `tune` on private splits, task by
    task: see baselines/tuning
Differs: one network trained by one party, not a federation; a share of the filters, drawn anew each
    run: negating all is the same in every run and costs accuracy that no budget mends
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, for_family, read

NEGATED_SHARE = {"digits": 0.531, "fashion_mnist": 0.25}  # of the filters, drawn anew each run
EPOCHS = {"digits": 0.686, "fashion_mnist": 1.08}  # passes over the retain set
BATCH_SIZE = {"digits": 16, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.0432, "fashion_mnist": 0.15}  # peak
WARMUP = 0.25  # share of the steps


def first_layer(net: nn.Module) -> nn.Conv2d | nn.Linear:
    """Return the convolution or linear layer defined first.

    Raises:
        ValueError: there is none.
    """
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            return layer
    raise ValueError("NoT needs a network with a convolution or a linear layer, got none")


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with filters of its first layer negated, repaired on the retain set."""
    kept = read(retain, device_of(net), name="retain")
    epochs, size, rate, share = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, NEGATED_SHARE
    )
    with torch.no_grad():
        weight = first_layer(net).weight
        chosen = torch.randperm(len(weight))[: math.ceil(share * len(weight))]
        weight[chosen.to(weight.device)] *= -1
    fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
