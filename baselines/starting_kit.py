"""The challenge's own baseline, as published: one gentle epoch on the retain set.

Short: FT-kit
Source: Neunhoeffer et al. 2023, the challenge's starting kit, https://github.com/unlearning-challenge/starting-kit
Year: 2023
Data: retain
Cost: 1 retain epoch
Memory: none
Randomness: data order only
Tuned: nothing; every constant is the published one, so that it shows what tuning is worth
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, read

LEARNING_RATE = 1e-3  # a cosine over one epoch, moved at its end: the same in every step
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
BATCH_SIZE = 64


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after one epoch of cross-entropy on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    optimizer = torch.optim.SGD(
        net.parameters(), LEARNING_RATE, MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    net.train()
    for images, labels in examples.batches(BATCH_SIZE):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    return net.eval()
