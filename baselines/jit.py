"""JiT: make the outputs around every forget image smooth, with no other data.

Short: JiT
Source: Foster et al. 2024, "An information theoretic approach to machine unlearning",
    https://arxiv.org/abs/2402.01401
Year: 2024
Data: forget
Cost: EPOCHS forget epochs with 25 forward passes a batch
Memory: none
Randomness: the noise, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and NOISE by `tune` on private splits, task by task: see
    baselines/tuning; a sigma of 0.5 is published, for a vision transformer
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import device_of, for_family, read

COPIES = 25  # noisy copies of an image
# sigma: standard deviation of the noise, in units of normalised pixels
NOISE = {"digits": 0.837, "fashion_mnist": 0.376}
EPOCHS = {"digits": 0.598, "fashion_mnist": 0.697}  # passes over the forget set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 16}
LEARNING_RATE = {"digits": 0.00018, "fashion_mnist": 9.3e-06}


def steepness(net: nn.Module, images: Tensor, noise: float) -> Tensor:
    """Return the mean of |f(x) - f(x')| / |x - x'| over noisy copies x' of the images x.

    The output at the copies is held fixed; they stay within the range of the batch.
    """
    logits = net(images)
    total = logits.new_zeros(())
    for _ in range(COPIES):
        moved = images + noise * torch.randn_like(images)
        copies = moved.clamp(images.min(), images.max())
        with torch.no_grad():
            aims = net(copies)
        distance = (copies - images).flatten(1).norm(dim=1).clamp(min=1e-12)
        # A sum of squares has no gradient at 0, which a network that ignores noise would reach.
        change = ((logits - aims).square().sum(1) + 1e-12).sqrt()
        total = total + (change / distance).sum()
    return total / COPIES


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` made locally smooth around the forget images."""
    gone = read(forget, device_of(net), name="forget")
    epochs, size, rate, noise = for_family(gone.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, NOISE)
    net.eval()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=rate)
    for images, _ in gone.steps(epochs, size):
        optimizer.zero_grad()
        steepness(net, images, noise).backward()
        optimizer.step()
    return net
