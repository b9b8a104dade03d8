"""CF-k: fine-tune the last layers on the retain set and keep the first ones as they are.

Short: CF-k
Source: Goel et al. 2022, "Towards adversarial evaluations for inexact machine unlearning",
    https://arxiv.org/abs/2201.06640
Year: 2022
Data: retain
Cost: 3 retain epochs
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits
Differs: one-cycle rate over 3 epochs, not 10 epochs with three drops; no pull to the start
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines._last_layers import last_layers
from baselines.common import device_of, fine_tune, read

LAYERS = 1  # k: layers or blocks trained beside the classifier
EPOCHS = 3.0  # passes over the retain set
LEARNING_RATE = 0.614  # peak
WARMUP = 0.25  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its last layers fine-tuned on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    layers = last_layers(net, LAYERS)
    trainable = [parameter.requires_grad for parameter in net.parameters()]
    net.requires_grad_(False)
    for layer in layers:
        layer.requires_grad_(True)
    fine_tune(net, examples, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP)
    for parameter, given in zip(net.parameters(), trainable, strict=True):
        parameter.requires_grad_(given)
    return net.eval()
