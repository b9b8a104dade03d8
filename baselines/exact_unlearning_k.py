"""EU-k: draw the last layers anew and train them on the retain set alone.

Short: EU-k
Source: Goel et al. 2022, "Towards adversarial evaluations for inexact machine unlearning",
    https://arxiv.org/abs/2201.06640
Year: 2022
Data: retain
Cost: 3.5 retain epochs
Memory: none
Randomness: initial weights of the last layers, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits
Differs: one-cycle rate over 3.5 epochs, not as many as the network was trained for
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines._last_layers import last_layers
from baselines.common import device_of, fine_tune, read, reset

LAYERS = 1  # k: layers or blocks drawn anew beside the classifier
EPOCHS = 3.5  # passes over the retain set
LEARNING_RATE = 0.13  # peak
WARMUP = 0.25  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its last layers retrained from scratch on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    layers = last_layers(net, LAYERS)
    trainable = [parameter.requires_grad for parameter in net.parameters()]
    net.requires_grad_(False)
    for layer in layers:
        reset(layer)
        layer.requires_grad_(True)
    fine_tune(net, examples, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP)
    for parameter, given in zip(net.parameters(), trainable, strict=True):
        parameter.requires_grad_(given)
    return net.eval()
