"""Ascent-descent: every early epoch climbs the forget loss before it descends the retain loss.

Short: GA+GD
Source: baseline of Rinberg et al. 2026, "Easy data unlearning bench",
    https://arxiv.org/abs/2602.16400 and https://github.com/RoyRin/data-unlearning-bench
Year: 2026
Data: retain, forget
Cost: 2.5 retain epochs + 2 forget epochs
Memory: none
Randomness: data order only
Tuned: ASCENT_RATE and LEARNING_RATE by `tune` on private splits of digits; before, both rates,
    on a retired split of digits
Differs: 2.5 epochs of which 2 ascend, not 5 to 10 of which 3 do; the ascent has a rate of its own
    and clips its gradient, which vanishes for what is memorised and explodes for what is not
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, read

EPOCHS = 2.5  # passes over the retain set
ASCENT_EPOCHS = 2  # of these, how many begin with a pass up the forget loss
ASCENT_RATE = 0.4  # learning rate of the ascent, falls linearly to zero
MAX_NORM = 1.0  # of the gradient in the ascent
LEARNING_RATE = 0.25  # peak of the descent
WARMUP = 0.25  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after passes up the forget loss, each followed by one down the retain loss."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    size = kept.batch_size
    up = Descent(
        net,
        n_steps=ASCENT_EPOCHS * gone.n_batches(gone.batch_size),
        learning_rate=ASCENT_RATE,
        weight_decay=0.0,
    )
    n_steps = kept.n_steps(EPOCHS, size)
    down = Descent(net, n_steps=n_steps, learning_rate=LEARNING_RATE, warmup=WARMUP)

    def clip() -> None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    net.train()
    for step, (images, labels) in enumerate(islice(kept.endless(size), n_steps)):
        epoch, position = divmod(step, kept.n_batches(size))
        if position == 0 and epoch < ASCENT_EPOCHS:
            for forget_images, forget_labels in gone.batches(gone.batch_size):
                up.step(-F.cross_entropy(net(forget_images), forget_labels), clip)
        down.step(F.cross_entropy(net(images), labels))
    return net.eval()
