"""Prune and re-initialise: draw the smallest weights anew, then match the original's entropy.

Short: PRMQ
Source: the solution of Sebastian Oleszko, prize 4 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/459148
Year: 2023
Data: retain
Cost: EPOCHS retain epochs + a forward pass over it
Memory: the original's entropies on retain
Randomness: new weights, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and RESET_SHARE by `tune` on private splits, task by task:
    see baselines/tuning
Differs: RESET_SHARE is 0.99 in the source, whose network has far more weights to keep 1 % of; fewer
    epochs than 3.2, at a falling rate
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    device_of,
    fine_tune,
    for_family,
    n_classes_of,
    predict,
    read,
    weight_layers,
)

# of all weights and biases of convolutions and linear layers together
RESET_SHARE = {"digits": 0.809, "fashion_mnist": 0.964}
CLASS_EXPONENT = -0.1  # a class weighs in the loss as its count to this power
EPOCHS = {"digits": 0.466, "fashion_mnist": 0.358}  # passes over the retain set
BATCH_SIZE = {"digits": 16, "fashion_mnist": 64}
LEARNING_RATE = {"digits": 0.0207, "fashion_mnist": 0.07}  # peak
WARMUP = 0.1  # share of the steps


def entropy(logits: Tensor) -> Tensor:
    """Return the entropy of each prediction, in nats, `(n,)`."""
    log_p = F.log_softmax(logits, dim=1)
    return -(log_p.exp() * log_p).sum(dim=1)


@torch.no_grad()
def redraw_small(net: nn.Module, share: float) -> None:
    """Draw anew the `share` smallest weights, uniformly within 1/sqrt(fan-in); biases become 0."""
    layers = weight_layers(net)
    sizes = torch.cat([p.abs().flatten() for layer in layers for p in layer.parameters()])
    limit = sizes.kthvalue(max(1, round(share * len(sizes)))).values
    for layer in layers:
        bound = layer.weight[0].numel() ** -0.5
        fresh = torch.empty_like(layer.weight).uniform_(-bound, bound)
        layer.weight.copy_(torch.where(layer.weight.abs() <= limit, fresh, layer.weight))
        if layer.bias is not None:
            layer.bias *= layer.bias.abs() > limit


@torch.no_grad()
def round_to_half(net: nn.Module) -> None:
    """Round every parameter to the nearest number of half precision."""
    for parameter in net.parameters():
        parameter.copy_(parameter.half())


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, mostly drawn anew, as sure of retain examples as the original was."""
    kept = read(retain, device_of(net), name="retain")
    epochs, size, rate, share = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RESET_SHARE
    )
    target = entropy(predict(net, kept.images))
    counts = torch.bincount(kept.labels, minlength=n_classes_of(net)).clamp(min=1)
    weight = counts.float() ** CLASS_EXPONENT
    redraw_small(net, share)

    def loss(logits: Tensor, images: Tensor, chosen: Tensor) -> Tensor:
        error = F.cross_entropy(logits, kept.labels[chosen], weight=weight)
        return error + F.mse_loss(entropy(logits), target[chosen])

    fine_tune(
        net,
        kept.numbered(),
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
        loss=loss,
    )
    round_to_half(net)
    return net.eval()
