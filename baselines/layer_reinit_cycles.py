"""Cycles of drawing whole layers anew and imitating the original's logits on noisy retain data.

Short: LRC
Source: the solution of J. Ahn et al., KNU and LG, prize 8 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/458715
Year: 2023
Data: retain
Cost: EPOCHS retain epochs + a forward pass over it
Memory: the original's logits on retain
Randomness: layers drawn, new weights, noise on the images, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and RESET_SHARE by `tune` on private splits, task by task:
    see baselines/tuning
Differs: fewer than 5 epochs; a share of the layers is drawn, where the source counts those of a
    ResNet-18; the original sees the images without noise, once
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, predict, read, reset, weight_layers

EPOCHS = {"digits": 1.1, "fashion_mnist": 0.262}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 16}
CYCLES = (0.2, 0.25, 0.55)  # shares of these passes
# layers drawn in a cycle, as a share of all; drawn with replacement
RESET_SHARE = {"digits": 0.3, "fashion_mnist": 0.112}
IMAGE_NOISE = 0.04  # standard deviation, in that of all pixels; about the source's 0.01 of a range
LEARNING_RATE = {"digits": 0.01, "fashion_mnist": 0.00122}  # peak in each cycle


def pool(net: nn.Module) -> list[nn.Module]:
    """Return all layers but the classifier and convolutions of one pixel, as on shortcuts.

    Raises:
        ValueError: there is no other.
    """
    hidden = weight_layers(net)[:-1]
    found = [m for m in hidden if isinstance(m, nn.Linear) or max(m.kernel_size) > 1]
    if not found:
        raise ValueError("this method needs a network with a hidden layer to draw anew, got none")
    return list(found)


def reset_some(layers: list[nn.Module], share: float) -> None:
    """Draw `share` as many layers as there are, with replacement, and give them new weights."""
    for i in torch.randint(len(layers), (max(1, round(share * len(layers))),)).tolist():
        reset(layers[i])


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after cycles of erasing layers and imitating what it was."""
    kept = read(retain, device_of(net), name="retain")
    epochs, size, rate, reset_share = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RESET_SHARE
    )
    teacher = predict(net, kept.images)
    layers = pool(net)
    spread = IMAGE_NOISE * kept.images.std()
    net.train()
    for share in CYCLES:
        reset_some(layers, reset_share)
        n_steps = kept.n_steps(share * epochs, size)
        descent = Descent(net, n_steps=n_steps, learning_rate=rate)
        for images, chosen in kept.numbered().steps(share * epochs, size):
            noisy = images + spread * torch.randn_like(images)
            descent.step(F.mse_loss(net(noisy), teacher[chosen]))
    return net.eval()
