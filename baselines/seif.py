"""Vision confuser: strong noise on the first convolution, a class-weighted repair, a little noise.

Short: CFW
Source: the solution of Seifeddine Achour, prize 3 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/459334
Year: 2023
Data: retain
Cost: 3 retain epochs
Memory: none
Randomness: noise, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, NOISE and LEARNING_RATE on a
    retired split of digits
Differs: noise in units of the layer's own spread, as 0.6 means another thing for other networks;
    classes weigh by their inverse frequency, where the source gives its data's constants for them
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, n_classes_of, read, weight_layers

NOISE = 0.7  # standard deviation, in those of the first convolution's weights
LATE_NOISE = NOISE / 120  # likewise; the published proportion
EPOCHS_BEFORE = 2  # passes over the retain set before the late noise
EPOCHS_AFTER = 1  # and after it
LEARNING_RATE = 0.3  # peak
WARMUP = 0.1  # share of the steps


@torch.no_grad()
def add_noise(layer: nn.Conv2d | nn.Linear, relative_spread: float) -> None:
    """Add Gaussian noise to the layer's weights, in units of their own standard deviation."""
    spread = relative_spread * layer.weight.std(correction=0)
    layer.weight += spread * torch.randn_like(layer.weight)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with a confused first layer and everything else adapted to it."""
    kept = read(retain, device_of(net), name="retain")
    first = weight_layers(net)[0]
    counts = torch.bincount(kept.labels, minlength=n_classes_of(net)).clamp(min=1)
    weight = len(kept) / (len(counts) * counts)
    add_noise(first, NOISE)
    for epochs, rate in ((EPOCHS_BEFORE, LEARNING_RATE), (EPOCHS_AFTER, LEARNING_RATE / 2)):
        fine_tune(
            net,
            kept,
            epochs=epochs,
            learning_rate=rate,
            warmup=WARMUP,
            loss=lambda logits, _, labels: F.cross_entropy(logits, labels, weight=weight),
        )
        if epochs == EPOCHS_BEFORE:
            add_noise(first, LATE_NOISE)
    return net.eval()
