"""Fine-tuning: keep training on the retain set and let the network forget what it no longer sees.

Short: FT
Source: Neunhoeffer et al. 2023, the challenge's starting kit, https://github.com/unlearning-challenge/starting-kit
Year: 2023
Data: retain
Cost: 2.75 retain epochs
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the peak learning rate on a
    retired split of digits, of 0.05 to 2
Differs: 1 epoch at a rate of 0.001 leaves these networks where they were. The rate here is beyond
    that of their training, at the edge of what 2.75 epochs can repair
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune, read

EPOCHS = 2.75  # passes over the retain set
LEARNING_RATE = 0.45  # peak
WARMUP = 0.1  # share of the steps


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after a few epochs of cross-entropy on the retain set."""
    examples = read(retain, device_of(net), name="retain")
    fine_tune(net, examples, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP)
    return net.eval()
