"""Vision confuser: strong noise on the first convolution, a class-weighted repair, a little noise.

Short: CFW
Source: the solution of Seifeddine Achour, prize 3 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/459334
Year: 2023
Data: retain
Cost: EPOCHS_BEFORE + EPOCHS_AFTER retain epochs
Memory: none
Randomness: noise, data order
Tuned: EPOCHS_BEFORE, EPOCHS_AFTER, BATCH_SIZE, LEARNING_RATE and NOISE by `tune` on private splits,
    task by task: see baselines/tuning
Differs: noise in units of the layer's own spread, as 0.6 means another thing for other networks;
    classes weigh by their inverse frequency, where the source gives its data's constants for them
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, for_family, n_classes_of, read, weight_layers

# standard deviation, in those of the first convolution's weights
NOISE = {"digits": 0.7, "fashion_mnist": 0.739}
LATE_SHARE = 1 / 120  # of that noise, later; the published proportion
# passes over the retain set before the late noise
EPOCHS_BEFORE = {"digits": 0.8, "fashion_mnist": 0.376}
EPOCHS_AFTER = {"digits": 0.4, "fashion_mnist": 0.188}  # and after it
BATCH_SIZE = {"digits": 64, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.3, "fashion_mnist": 0.248}  # peak
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
    before, after, size, peak, noise = for_family(
        kept.images, EPOCHS_BEFORE, EPOCHS_AFTER, BATCH_SIZE, LEARNING_RATE, NOISE
    )
    first = weight_layers(net)[0]
    counts = torch.bincount(kept.labels, minlength=n_classes_of(net)).clamp(min=1)
    weight = len(kept) / (len(counts) * counts)
    for epochs, rate, spread in ((before, peak, noise), (after, peak / 2, LATE_SHARE * noise)):
        add_noise(first, spread)
        fine_tune(
            net,
            kept,
            epochs=epochs,
            batch_size=size,
            learning_rate=rate,
            warmup=WARMUP,
            loss=lambda logits, _, labels: F.cross_entropy(logits, labels, weight=weight),
        )
    return net.eval()
