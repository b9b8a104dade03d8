"""JiT: make the outputs around every forget image smooth, with no other data.

Short: JiT
Source: Foster et al. 2024, "An information theoretic approach to machine unlearning",
    https://arxiv.org/abs/2402.01401
Year: 2024
Data: forget
Cost: 1 forget epoch + 25 forward passes of forget
Memory: none
Randomness: the noise, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits; sigma is published, for a vision transformer
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import device_of, read

COPIES = 25  # noisy copies of an image
NOISE = 0.5  # sigma: standard deviation of the noise, in units of normalised pixels
LEARNING_RATE = 5e-4


def steepness(net: nn.Module, images: Tensor) -> Tensor:
    """Return the mean of |f(x) - f(x')| / |x - x'| over noisy copies x' of the images x.

    The output at the copies is held fixed; they stay within the range of the batch.
    """
    logits = net(images)
    total = logits.new_zeros(())
    for _ in range(COPIES):
        noise = NOISE * torch.randn_like(images)
        copies = (images + noise).clamp(images.min(), images.max())
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
    net.eval()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=LEARNING_RATE)
    for images, _ in gone.batches(gone.batch_size):
        optimizer.zero_grad()
        steepness(net, images).backward()
        optimizer.step()
    return net
