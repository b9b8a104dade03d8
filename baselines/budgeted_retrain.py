"""Budgeted retraining: start from new weights and train on the retain set as long as time allows.

Short: Retrain-b
Source: the control that any method has to beat; Goel et al. 2022 use it as exact unlearning of all
    layers, https://arxiv.org/abs/2201.06640
Year: 2022
Data: retain
Cost: 3 retain epochs
Memory: none
Randomness: initial weights, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits
Differs: a full retraining takes more epochs; layers are drawn by torch's own initial distributions
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, read, reset

EPOCHS = 3.0  # passes over the retain set: what the budget allows of the digits task's 20
LEARNING_RATE = 0.15  # peak
WARMUP = 0.25  # share of the steps


def check_resettable(net: nn.Module) -> None:
    """Raise ValueError where a layer holds weights that `reset` would leave as trained."""
    for name, layer in net.named_modules():
        owns = any(True for _ in layer.parameters(recurse=False))
        if owns and not callable(getattr(layer, "reset_parameters", None)):
            raise ValueError(
                "budgeted retraining needs layers with a method reset_parameters, got"
                f" {type(layer).__name__} {name!r} without one"
            )


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` drawn anew and trained on the retain set alone."""
    kept = read(retain, device_of(net), name="retain")
    check_resettable(net)
    reset(net)
    fine_tune(net, kept, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP)
    return net.eval()
