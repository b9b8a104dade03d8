"""The losses of networks on the straight line between the weights of two of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scorer.training.loop import predict

N_POINTS = 11
"""Networks on the line, evenly spaced, both ends among them."""

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

State = Mapping[str, Tensor]


def losses_on_line(
    net: nn.Module,
    start: State,
    end: State,
    sets: Sequence[tuple[Tensor, Tensor]],
    sample: Tensor,
) -> np.ndarray:
    """Return the mean loss on some sets at each point of the line.

    The running statistics of BatchNorm are estimated anew at every point, the ends included. Those
    between the statistics of two networks are not those of the network between them: activations
    shrink there, and the loss would rise for that alone (Jordan et al. 2022, arXiv 2211.08403).

    Args:
        net: a frame for the states, on the device of the images; its state is lost.
        start: parameters and buffers of the network at the first point.
        end: those at the last point.
        sets: images and labels (int64) of each set.
        sample: images that the statistics are estimated on, in one batch.

    Returns:
        `(N_POINTS, n_sets)` float64, in nats.
    """
    losses = np.empty((N_POINTS, len(sets)))
    net.eval()
    for k, share in enumerate(np.linspace(0.0, 1.0, N_POINTS)):
        between = {
            name: torch.lerp(first, end[name], float(share)) if first.is_floating_point() else first
            for name, first in start.items()
        }
        net.load_state_dict(between)
        estimate_statistics(net, sample)
        for column, (images, labels) in enumerate(sets):
            losses[k, column] = F.cross_entropy(predict(net, images), labels).item()
    return losses


@torch.no_grad()
def estimate_statistics(net: nn.Module, sample: Tensor) -> None:
    """Set the running statistics of a network in eval mode to those of one batch, in place."""
    layers = [
        layer
        for layer in net.modules()
        if isinstance(layer, BATCH_NORMS) and layer.track_running_stats
    ]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 1.0
        layer.train()
    try:
        net(sample)
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
            layer.eval()
