"""Random labels: teach the forget set random labels first, then the retain set its own.

Short: RL
Source: Golatkar et al. 2020, "Eternal sunshine of the spotless net", https://arxiv.org/abs/1911.04933;
    the form in passes is that of Fan et al. 2024, https://arxiv.org/abs/2310.12508
Year: 2020
Data: retain, forget
Cost: 1 forget epoch + 2.7 retain epochs
Memory: none
Randomness: labels, data order
Tuned: RELABELLED_RATE and LEARNING_RATE by `tune` on private splits of digits; before, both
    rates and the number of passes over forget, on a retired split of digits
Differs: one pass with random labels, then 2.7 epochs on retain, not 10 rounds of both: repeated,
    the labels push the easy half of the forget set far below what retrained networks know of it
"""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, fine_tune, n_classes_of, read

RELABELLED_EPOCHS = 1  # passes over forget, each with fresh labels
RELABELLED_RATE = 0.05  # learning rate of a pass over forget, falls linearly to zero
EPOCHS = 2.7  # passes over the retain set
LEARNING_RATE = 0.25  # peak on the retain set
WARMUP = 0.25  # share of the steps on the retain set


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` trained on forget with random labels, then on retain with its own."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    n_classes = n_classes_of(net)
    for _ in range(RELABELLED_EPOCHS):
        drawn = torch.randint(n_classes, gone.labels.shape, device=device)
        relabelled = Examples(gone.images, drawn)
        fine_tune(net, relabelled, epochs=1, learning_rate=RELABELLED_RATE)
    fine_tune(net, kept, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP)
    return net.eval()
