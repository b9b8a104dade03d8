"""EU-k: draw the last layers anew and train them on the retain set alone.

Short: EU-k
Source: Goel et al. 2022, "Towards adversarial evaluations for inexact machine unlearning",
    https://arxiv.org/abs/2201.06640
Year: 2022
Data: retain
Cost: EPOCHS retain epochs, of the last layers
Memory: none
Randomness: initial weights of the last layers, data order
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning
Differs: one-cycle rate, over fewer epochs than the network was trained for
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines._last_layers import last_layers
from baselines.common import device_of, fine_tune, for_family, read, reset

LAYERS = 1  # k: layers or blocks drawn anew beside the classifier
EPOCHS = {"digits": 1.36, "fashion_mnist": 1.26}  # passes over the retain set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.0917, "fashion_mnist": 0.065}  # peak
WARMUP = 0.25  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its last layers retrained from scratch on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    epochs, size, rate = for_family(examples.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    layers = last_layers(net, LAYERS)
    trainable = [parameter.requires_grad for parameter in net.parameters()]
    net.requires_grad_(False)
    for layer in layers:
        reset(layer)
        layer.requires_grad_(True)
    fine_tune(net, examples, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    for parameter, given in zip(net.parameters(), trainable, strict=True):
        parameter.requires_grad_(given)
    return net.eval()
