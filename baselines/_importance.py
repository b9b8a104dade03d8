"""Selective dampening, as SSD and LFSSD do it: how much each weight matters, and what follows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.common import Examples, Loss, mean_gradients


def importance(
    net: nn.Module, examples: Examples, power: int, batch_size: int, loss: Loss | None = None
) -> list[Tensor]:
    """Return for each parameter the mean of |batch gradient|^power, at one batch size."""
    return mean_gradients(net, examples, batch_size, loss, lambda g: g.abs() ** power)


@torch.no_grad()
def dampen(
    net: nn.Module, kept: list[Tensor], gone: list[Tensor], threshold: float, strength: float
) -> None:
    """Shrink in place the weights that matter `threshold` times more to `gone` than to `kept`.

    Source: Foster et al. 2024, arXiv 2308.07707: by the factor min(strength * kept / gone, 1).
    """
    for parameter, keep, forget in zip(net.parameters(), kept, gone, strict=True):
        factor = (strength * keep / forget.clamp(min=torch.finfo(keep.dtype).tiny)).clamp(max=1.0)
        parameter.mul_(torch.where(forget > threshold * keep, factor, torch.ones_like(factor)))
