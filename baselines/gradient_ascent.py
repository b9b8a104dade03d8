"""Gradient ascent: climb the loss of the forget set until it is as unknown as unseen data.

Short: GA
Source: the NegGrad baseline of Golatkar et al. 2020, "Eternal sunshine of the spotless net",
    https://arxiv.org/abs/1911.04933
Year: 2020
Data: forget, val
Cost: at most MAX_EPOCHS forget epochs
Memory: none
Randomness: data order only
Tuned: MAX_EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning; a rate of 0.0001 is published
Differs: ends when the forget accuracy has fallen to the accuracy on val, because ascent has no
    minimum to stop at; gradients are clipped, as it has no bound either; BatchNorm keeps its
    statistics, which forget data alone would move
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, frozen_batch_norm, predict, read

MAX_EPOCHS = {"digits": 16, "fashion_mnist": 5}  # passes over the forget set
BATCH_SIZE = {"digits": 256, "fashion_mnist": 128}
# falls linearly to zero over MAX_EPOCHS
LEARNING_RATE = {"digits": 0.0449, "fashion_mnist": 0.000664}
MAX_NORM = 10.0  # of a gradient: where a network is far from fitting the forget set, they explode


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after ascent on the forget loss, ended by the accuracy on `val`."""
    device = device_of(net)
    gone, unseen = read(forget, device, name="forget"), read(val, device, name="val")
    max_epochs, size, rate = for_family(gone.images, MAX_EPOCHS, BATCH_SIZE, LEARNING_RATE)
    target = (predict(net, unseen.images).argmax(1) == unseen.labels).float().mean()
    n_steps = max_epochs * gone.n_batches(size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, weight_decay=0.0)

    def clip() -> None:
        torch.nn.utils.clip_grad_norm_(net.parameters(), MAX_NORM)

    net.train()
    with frozen_batch_norm(net):
        for _ in range(max_epochs):
            for images, labels in gone.batches(size):
                descent.step(-F.cross_entropy(net(images), labels), clip)
            accuracy = (predict(net, gone.images).argmax(1) == gone.labels).float().mean()
            if accuracy <= target:
                break
    return net.eval()
