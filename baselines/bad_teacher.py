"""Bad teacher: learn from an untrained network on forget data, from the original on the rest.

Short: BadT
Source: Chundawat et al. 2023, "Can bad teaching induce forgetting?", https://arxiv.org/abs/2205.08096
Year: 2023
Data: retain, forget
Cost: EPOCHS over retain and forget + a forward pass over both
Memory: a second network, logits of what it is trained on
Randomness: the untrained teacher, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and TEMPERATURE by `tune` on private splits, task by task:
    see baselines/tuning
Differs: SGD on batches of all of retain, not Adam for 1 epoch with 30 % of it; the temperature is
    tuned, not 1; the divergence is summed over classes, not averaged. The teachers' logits are
    computed once, as neither they nor the images change
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import (
    device_of,
    divergence,
    fine_tune,
    for_family,
    frozen_copy,
    join,
    predict,
    read,
    reset,
)

EPOCHS = {"digits": 0.443, "fashion_mnist": 0.371}  # passes over both sets
BATCH_SIZE = 32
LEARNING_RATE = {"digits": 0.202, "fashion_mnist": 0.175}  # peak
WARMUP = 0.25  # share of the steps
TEMPERATURE = {"digits": 1.91, "fashion_mnist": 10.3}


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` distilled from two teachers: untrained for forget, the original for retain."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, temperature = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, TEMPERATURE
    )
    untrained = frozen_copy(net)
    reset(untrained)
    targets = torch.cat([predict(net, kept.images), predict(untrained, gone.images)])

    def distance(logits: Tensor, _: Tensor, chosen: Tensor) -> Tensor:
        return divergence(targets[chosen], logits, temperature)

    fine_tune(
        net,
        join(kept, gone).numbered(),
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
        loss=distance,
    )
    return net.eval()
