"""Shrink and perturb: mix all weights with new ones, retrain, and lead away from the forget set.

Short: S&P
Source: weights shrunk and perturbed, J. T. Ash and R. P. Adams 2020,
    https://arxiv.org/abs/1910.08475, made for learning on; to unlearn by it is this file's idea
Year: 2020
Data: retain, forget, val
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size, + 2 forward
    passes over val
Memory: none
Randomness: new weights, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, KEPT and AWAY by `tune` on private splits, task by task:
    see baselines/tuning
Differs: the source trains on all data, for longer; its noise is small beside its weights, here
    both make up the scale of new weights together; the classifier is scaled in the end
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines._new_weights import check_resettable, median_margin, scale_margins
from baselines.common import (
    device_of,
    fine_tune_jointly,
    for_family,
    last_linear,
    predict,
    read,
    reset,
)

EPOCHS = {"digits": 0.9, "fashion_mnist": 0.6}  # passes over the retain set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.06, "fashion_mnist": 0.1}  # peak
WARMUP = 0.15  # share of the steps
KEPT = {"digits": 0.5, "fashion_mnist": 0.5}  # of every weight
# how much less the loss on forget counts than nothing, for each unit of loss on retain
AWAY = {"digits": 0.1, "fashion_mnist": 0.1}
FAR = 2.0  # times the loss of guessing: an example of forget that has more is far enough


@torch.no_grad()
def mix(net: nn.Module, kept: float) -> None:
    """Mix the weights of `net` with new ones, in place.

    Matrices keep the scale of new ones, since old and new are independent; of biases and what
    normalises there is a weighted mean.
    """
    check_resettable(net)
    former = [parameter.clone() for parameter in net.parameters()]
    reset(net)
    for parameter, old in zip(net.parameters(), former, strict=True):
        new = math.sqrt(1 - kept**2) if parameter.dim() > 1 else 1 - kept
        parameter.mul_(new).add_(old, alpha=kept)


def surprise(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss, of an example no more than `FAR` times that of guessing."""
    losses = F.cross_entropy(logits, labels, reduction="none")
    return losses.clamp(max=FAR * math.log(logits.shape[1])).mean()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with a part of its weights, trained on retain and away from forget."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    unseen = read(val, device, name="val")
    epochs, size, rate, kept_weight, away = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, KEPT, AWAY
    )
    classifier = last_linear(net)
    target = median_margin(predict(net, unseen.images), unseen.labels)
    mix(net, kept_weight)

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, gone_labels: Tensor) -> Tensor:
        error = F.cross_entropy(logits, labels)
        return error - away * error.detach() * surprise(gone_logits, gone_labels)

    fine_tune_jointly(
        net,
        kept,
        gone,
        loss,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
    )
    scale_margins(net, classifier, unseen, target)
    return net.eval()
