"""Cycles of drawing whole layers anew and imitating the original's logits on noisy retain data.

Short: LRC
Source: the solution of J. Ahn et al., KNU and LG, prize 8 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/458715
Year: 2023
Data: retain
Cost: 2.75 retain epochs + a forward pass over it
Memory: the original's logits on retain
Randomness: layers drawn, new weights, noise on the images, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, LEARNING_RATE and
    CYCLE_EPOCHS on a retired split of digits
Differs: 2.75 epochs, not 5; a share of the layers is drawn, where the source counts those of a
    ResNet-18; the original sees the images without noise, once
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, predict, read, reset, weight_layers

CYCLE_EPOCHS = (0.5, 0.75, 1.5)  # passes over the retain set in each cycle
RESET_SHARE = 0.3  # layers drawn in a cycle, as a share of all; drawn with replacement
IMAGE_NOISE = 0.04  # standard deviation, in that of all pixels; about the source's 0.01 of a range
LEARNING_RATE = 0.01  # peak in each cycle


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
    teacher = predict(net, kept.images)
    layers = pool(net)
    spread = IMAGE_NOISE * kept.images.std()
    size = kept.batch_size
    net.train()
    for epochs in CYCLE_EPOCHS:
        reset_some(layers, RESET_SHARE)
        n_steps = kept.n_steps(epochs, size)
        descent = Descent(net, n_steps=n_steps, learning_rate=LEARNING_RATE)
        for images, chosen in islice(kept.numbered().endless(size), n_steps):
            noisy = images + spread * torch.randn_like(images)
            descent.step(F.mse_loss(net(noisy), teacher[chosen]))
    return net.eval()
