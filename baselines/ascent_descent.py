"""Ascent-descent: every early epoch climbs the forget loss before it descends the retain loss.

Short: GA+GD
Source: baseline of Rinberg et al. 2026, "Easy data unlearning bench",
    https://arxiv.org/abs/2602.16400 and https://github.com/RoyRin/data-unlearning-bench
Year: 2026
Data: retain, forget
Cost: EPOCHS retain epochs + ASCENT_EPOCHS forget epochs
Memory: none
Randomness: data order only
Tuned: EPOCHS, ASCENT_EPOCHS, BATCH_SIZE, ASCENT_RATE and LEARNING_RATE by `tune` on private splits,
    task by task: see baselines/tuning
Differs: fewer than 5 to 10 epochs of which 3 ascend; the ascent has a rate of its own and clips its
    gradient, which vanishes for what is memorised and explodes for what is not
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, read

EPOCHS = {"digits": 1.0, "fashion_mnist": 0.9}  # passes over the retain set
# of these, how many begin with a pass up the forget loss
ASCENT_EPOCHS = 1
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
# learning rate of the ascent, falls linearly to zero
ASCENT_RATE = {"digits": 0.4, "fashion_mnist": 0.04}
MAX_NORM = 1.0  # of the gradient in the ascent
LEARNING_RATE = {"digits": 0.25, "fashion_mnist": 0.125}  # peak of the descent
WARMUP = 0.25  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after passes up the forget loss, each followed by one down the retain loss."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, ascent_epochs, size, ascent_rate, rate = for_family(
        kept.images, EPOCHS, ASCENT_EPOCHS, BATCH_SIZE, ASCENT_RATE, LEARNING_RATE
    )
    up = Descent(
        net,
        n_steps=ascent_epochs * gone.n_batches(size),
        learning_rate=ascent_rate,
        weight_decay=0.0,
    )
    n_steps = kept.n_steps(epochs, size)
    down = Descent(net, n_steps=n_steps, learning_rate=rate, warmup=WARMUP)

    def clip() -> None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    net.train()
    for step, (images, labels) in enumerate(kept.steps(epochs, size)):
        epoch, position = divmod(step, kept.n_batches(size))
        if position == 0 and epoch < ascent_epochs:
            for forget_images, forget_labels in gone.batches(size):
                up.step(-F.cross_entropy(net(forget_images), forget_labels), clip)
        down.step(F.cross_entropy(net(images), labels))
    return net.eval()
