"""Fine-tuning: keep training on the retain set and let the network forget what it no longer sees.

Short: FT
Source: Neunhoeffer et al. 2023, the challenge's starting kit, https://github.com/unlearning-challenge/starting-kit
Year: 2023
Data: retain
Cost: EPOCHS retain epochs
Memory: none
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning
Differs: 1 epoch at a rate of 0.001 leaves these networks where they were; the rate here is far
    higher
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, for_family, read

EPOCHS = {"digits": 1.07, "fashion_mnist": 0.594}  # passes over the retain set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.356, "fashion_mnist": 0.218}  # peak
WARMUP = 0.1  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after a few epochs of cross-entropy on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    epochs, size, rate = for_family(examples.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    fine_tune(net, examples, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
