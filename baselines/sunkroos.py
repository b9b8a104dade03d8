"""Repeated noise injection: a new classifier, and noise on randomly drawn layers again and again.

Short: RNI
Source: the solution of sunkroos, prize 7 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/459095
Year: 2023
Data: retain
Cost: 5 ROUND_EPOCHS + FINAL_EPOCHS retain epochs
Memory: none
Randomness: the new classifier, layers drawn, noise, data order
Tuned: ROUND_EPOCHS, FINAL_EPOCHS, BATCH_SIZE, LEARNING_RATE and NOISE by `tune` on private splits,
    task by task: see baselines/tuning
Differs: fewer than 9 epochs, of which the rounds with noise take the same share; shares of the
    tensors where the source counts those of a ResNet-18; noise in units of the tensor's own spread
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import BATCH_NORMS, device_of, fine_tune, for_family, last_linear, read

N_ROUNDS = 5  # with a new choice of tensors each, the first without noise
ROUND_EPOCHS = {"digits": 0.12, "fashion_mnist": 0.079}  # passes over the retain set in a round
# passes with all parameters after the rounds
FINAL_EPOCHS = {"digits": 0.6, "fashion_mnist": 0.395}
TRAINED_SHARE = 0.45  # of the tensors outside BatchNorm, trained in a round
NOISY_SHARE = 0.7  # of these, the share that gets noise, unless it was drawn before
# standard deviation, in units of that of the tensor
NOISE = {"digits": 1.0, "fashion_mnist": 0.962}
BATCH_SIZE = 64
LEARNING_RATE = {"digits": 0.3, "fashion_mnist": 0.16}  # peak
WARMUP = 0.1  # share of the steps


def draw(n: int, share: float) -> list[int]:
    """Return `share` of the numbers below `n`, at least one, in random order."""
    return torch.randperm(n)[: max(1, round(share * n))].tolist()


@torch.no_grad()
def add_noise(tensor: Tensor, noise: float) -> None:
    """Add Gaussian noise in units of the tensor's own root mean square."""
    tensor += noise * tensor.square().mean().sqrt() * torch.randn_like(tensor)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after rounds of noise and partial training, then training of all of it."""
    kept = read(retain, device_of(net), name="retain")
    round_epochs, final_epochs, size, rate, noise = for_family(
        kept.images, ROUND_EPOCHS, FINAL_EPOCHS, BATCH_SIZE, LEARNING_RATE, NOISE
    )
    last_linear(net).reset_parameters()
    trainable = [p for p in net.parameters() if p.requires_grad]
    norms = [layer for layer in net.modules() if isinstance(layer, BATCH_NORMS)]
    always = {id(p) for layer in norms for p in layer.parameters()}
    others = [p for p in trainable if id(p) not in always]
    drawn_before: set[int] = set()

    def train(epochs: float) -> None:
        fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)

    for number in range(N_ROUNDS):
        chosen = draw(len(others), TRAINED_SHARE)
        for i in draw(len(chosen), NOISY_SHARE):
            if number > 0 and chosen[i] not in drawn_before:
                add_noise(others[chosen[i]], noise)
        drawn_before.update(chosen)
        moving = always | {id(others[i]) for i in chosen}
        for parameter in trainable:
            parameter.requires_grad_(id(parameter) in moving)
        train(round_epochs)
        for parameter in trainable:
            parameter.requires_grad_(True)
    train(final_epochs)
    return net.eval()
