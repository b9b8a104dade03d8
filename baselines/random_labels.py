"""Random labels: teach the forget set random labels first, then the retain set its own.

Short: RL
Source: Golatkar et al. 2020, "Eternal sunshine of the spotless net", https://arxiv.org/abs/1911.04933;
    the form in passes is that of Fan et al. 2024, https://arxiv.org/abs/2310.12508
Year: 2020
Data: retain, forget
Cost: 1 forget epoch + EPOCHS retain epochs
Memory: none
Randomness: labels, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and RELABELLED_RATE by `tune` on private splits, task by
    task: see baselines/tuning
Differs: one pass with random labels, then all epochs on retain, not 10 rounds of both: repeated,
    the labels push the easy part of the forget set far below what retrained networks know of it
"""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, fine_tune, for_family, n_classes_of, read

RELABELLED_EPOCHS = 1  # passes over forget, each with fresh labels
# learning rate of a pass over forget, falls linearly to zero
RELABELLED_RATE = {"digits": 0.05, "fashion_mnist": 0.0245}
EPOCHS = {"digits": 1.08, "fashion_mnist": 0.594}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.25, "fashion_mnist": 0.133}  # peak on the retain set
WARMUP = 0.25  # share of the steps on the retain set


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` trained on forget with random labels, then on retain with its own."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, relabelled_rate = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RELABELLED_RATE
    )
    n_classes = n_classes_of(net)
    for _ in range(RELABELLED_EPOCHS):
        drawn = torch.randint(n_classes, gone.labels.shape, device=device)
        relabelled = Examples(gone.images, drawn)
        fine_tune(net, relabelled, epochs=1, batch_size=size, learning_rate=relabelled_rate)
    fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
