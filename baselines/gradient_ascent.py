"""Gradient ascent: climb the loss of the forget set until it is as unknown as unseen data.

Short: GA
Source: the NegGrad baseline of Golatkar et al. 2020, "Eternal sunshine of the spotless net",
    https://arxiv.org/abs/1911.04933
Year: 2020
Data: forget, val
Cost: at most 10 forget epochs
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits; 0.0001 is published
Differs: ends when the forget accuracy has fallen to the accuracy on val, because ascent has no
    minimum to stop at; gradients are clipped, as it has no bound either; BatchNorm keeps its
    statistics, which forget data alone would move
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, frozen_batch_norm, predict, read

MAX_EPOCHS = 10  # passes over the forget set
LEARNING_RATE = 0.0146  # falls linearly to zero over MAX_EPOCHS
MAX_NORM = 10.0  # of a gradient: where a network is far from fitting the forget set, they explode


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after ascent on the forget loss, ended by the accuracy on `val`."""
    device = device_of(net)
    gone, unseen = read(forget, device, name="forget"), read(val, device, name="val")
    target = (predict(net, unseen.images).argmax(1) == unseen.labels).float().mean()
    n_steps = MAX_EPOCHS * gone.n_batches(gone.batch_size)
    descent = Descent(net, n_steps=n_steps, learning_rate=LEARNING_RATE, weight_decay=0.0)

    def clip() -> None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    net.train()
    with frozen_batch_norm(net):
        for _ in range(MAX_EPOCHS):
            for images, labels in gone.batches(gone.batch_size):
                descent.step(-F.cross_entropy(net(images), labels), clip)
            accuracy = (predict(net, gone.images).argmax(1) == gone.labels).float().mean()
            if accuracy <= target:
                break
    return net.eval()
