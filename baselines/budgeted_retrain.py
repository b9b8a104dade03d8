"""Budgeted retraining: start from new weights and train on retain as long as the budget allows.

Short: Retrain-b
Source: the control that any method has to beat; Goel et al. 2022 use it as exact unlearning of all
    layers, https://arxiv.org/abs/2201.06640
Year: 2022
Data: retain, val
Cost: EPOCHS retain epochs + a forward pass over val, where SCALED 2
Memory: none
Randomness: initial weights, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and SCALED by `tune` on private splits, task by task: see
    baselines/tuning
Differs: a full retraining takes more epochs; layers are drawn by torch's own initial distributions;
    where SCALED, the classifier is scaled in the end, since a network that was trained for too
    short is unsure of everything
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines._new_weights import check_resettable, median_margin, scale_margins
from baselines.common import (
    device_of,
    fine_tune,
    for_family,
    last_linear,
    predict,
    read,
    reset,
)

EPOCHS = {"digits": 1.17, "fashion_mnist": 0.293}  # passes over the retain set
BATCH_SIZE = 32
LEARNING_RATE = {"digits": 0.183, "fashion_mnist": 0.052}  # peak
WARMUP = 0.25  # share of the steps
# whether the margins on val are brought to the original's in the end
SCALED = {"digits": False, "fashion_mnist": True}


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` drawn anew and trained on the retain set alone."""
    device = device_of(net)
    kept, unseen = read(retain, device, name="retain"), read(val, device, name="val")
    check_resettable(net)
    classifier = last_linear(net)
    epochs, size, rate, scaled = for_family(kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, SCALED)
    target = median_margin(predict(net, unseen.images), unseen.labels) if scaled else None
    reset(net)
    fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    if target is not None:
        scale_margins(net, classifier, unseen, target)
    return net.eval()
