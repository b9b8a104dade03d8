"""BatchNorm of K stacked models as one BatchNorm over all their channels.

What torch's own batching rule makes of it is a plain normalisation and, beside it, a product and a
sum over the whole activation, each read from memory again on the way back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class _OverAllChannels(torch.autograd.Function):
    """`F.batch_norm` in train mode with a batching rule of its own."""

    @staticmethod
    def forward(
        images: Tensor,
        mean: Tensor,
        variance: Tensor,
        weight: Tensor,
        bias: Tensor,
        momentum: float,
        epsilon: float,
    ) -> Tensor:
        """Never called: the module below is only ever mapped."""
        raise RuntimeError("a stacked BatchNorm must be called under torch.vmap")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing: the operations of `vmap` are differentiated by torch."""

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[Any, ...], images: Tensor, *others: Any
    ) -> tuple[Tensor, int]:
        """Lay the channels of all models side by side, `(batch, k * channels, ...)`."""
        *stacked, momentum, epsilon = others
        images = images.movedim(in_dims[0], 1)
        mean, variance, weight, bias = (each.view(-1) for each in stacked)
        flat = F.batch_norm(
            images.flatten(1, 2), mean, variance, weight, bias, True, momentum, epsilon
        )
        return flat.unflatten(1, (images.shape[1], -1)), 1


class StackedBatchNorm(nn.Module):
    """Takes the place of one BatchNorm layer in a network that is mapped over K models."""

    def __init__(self, layer: nn.modules.batchnorm._BatchNorm) -> None:
        """Take over parameters and buffers under their names."""
        super().__init__()
        self.num_batches_tracked: Tensor
        for name, parameter in layer.named_parameters():
            self.register_parameter(name, parameter)
        for name, buffer in layer.named_buffers():
            self.register_buffer(name, buffer)
        self._momentum, self._epsilon = layer.momentum, layer.eps

    def forward(self, images: Tensor) -> Tensor:
        """Normalise `(batch, channels, ...)` in train mode and move the running statistics."""
        self.num_batches_tracked.add_(1)
        return _OverAllChannels.apply(
            images,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self._momentum,
            self._epsilon,
        )


def fold_batch_norms(skeleton: nn.Module) -> None:
    """Replace, in place, every BatchNorm that has a scale and running statistics of fixed pace."""
    for parent in list(skeleton.modules()):
        for name, layer in parent.named_children():
            if not isinstance(layer, BATCH_NORMS) or type(layer) not in BATCH_NORMS:
                continue
            if layer.affine and layer.track_running_stats and layer.momentum is not None:
                parent.add_module(name, StackedBatchNorm(layer))
