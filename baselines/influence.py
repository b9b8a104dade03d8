"""Influence unlearning: one Newton step to the minimum that the network would have without forget.

Short: IU
Source: Izzo et al. 2021, https://arxiv.org/abs/2002.10077, in the WoodFisher form of Jia et al.
    2023, https://arxiv.org/abs/2304.04934
Year: 2021
Data: retain, forget
Cost: EPOCHS retain epochs + gradients of 1,024 retain examples + 1 forget epoch
Memory: 32 gradients, each of the size of the network
Randomness: the retain examples drawn for the curvature, and for the gradient where EPOCHS is below
    1
Tuned: EPOCHS, STEP and DAMPING by `tune` on private splits, task by task: see baselines/tuning
Differs: the inverse of the damped Fisher matrix is applied exactly (Woodbury identity), not by the
    published recursion over 1,000 single gradients, and of 32 gradients of 32 examples each
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, for_family, mean_gradients, read

# passes over retain, at most 1, that its mean gradient is measured in
EPOCHS = {"digits": 0.171, "fashion_mnist": 0.406}
STEP = {"digits": 0.252, "fashion_mnist": 96.4}  # alpha: length of the step, 1 being Newton's
# added to the diagonal of the Fisher matrix, in units of its trace
DAMPING = {"digits": 0.599, "fashion_mnist": 0.555}
N_GRADIENTS = 32  # rank of the Fisher matrix at most
BLOCK = 32  # examples averaged in each gradient


def flat_gradient(net: nn.Module, examples: Examples) -> Tensor:
    """Return the gradient of the mean loss as one vector over all weights."""
    return torch.cat([gradient.flatten() for gradient in mean_gradients(net, examples)])


def inverse_fisher(gradients: Tensor, vector: Tensor, damping: float) -> Tensor:
    """Return (damping * I + G^T G)^-1 `vector` by the Woodbury identity.

    Args:
        gradients: G, `(m, n_weights)`.
        vector: `(n_weights,)`.
        damping: positive.
    """
    gram = gradients @ gradients.T
    gram.diagonal().add_(damping)
    return (vector - gradients.T @ torch.linalg.solve(gram, gradients @ vector)) / damping


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` moved by the estimated influence of the forget set on its weights."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, step, damping_share = for_family(kept.images, EPOCHS, STEP, DAMPING)
    share = len(gone) / (len(kept) + len(gone))
    seen = kept.sample(math.ceil(epochs * len(kept)))
    pull = share * (flat_gradient(net, gone) - flat_gradient(net, seen))
    drawn = kept.sample(N_GRADIENTS * BLOCK)
    blocks = [flat_gradient(net, Examples(*block)) for block in drawn.batches(BLOCK)]
    # The gradient of a block of b examples has 1/b of the variance of that of a single one.
    gradients = torch.stack(blocks) * (BLOCK / len(blocks)) ** 0.5
    damping = damping_share * gradients.square().sum().item()
    if damping == 0:
        raise ValueError("influence unlearning needs a retain loss with a gradient, got 0 all over")
    move = step * inverse_fisher(gradients, pull, damping)
    parts = move.split([parameter.numel() for parameter in net.parameters()])
    with torch.no_grad():
        for parameter, part in zip(net.parameters(), parts, strict=True):
            parameter.add_(part.view_as(parameter))
    return net.eval()
