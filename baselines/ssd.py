"""SSD: dampen the weights that matter far more to the forget set than to all training data.

Short: SSD
Source: Foster et al. 2024, "Fast machine unlearning without retraining through selective synaptic
    dampening", https://arxiv.org/abs/2308.07707
Year: 2024
Data: retain, forget
Cost: EPOCHS retain epochs + (1 + EPOCHS) forget epochs
Memory: three copies of the weights
Randomness: the grouping into batches, and which examples where EPOCHS is below 1
Tuned: EPOCHS, BATCH_SIZE, THRESHOLD and STRENGTH by `tune` on private splits, task by task: see
    baselines/tuning; a threshold of 10 is published for ResNet-18
"""

from __future__ import annotations

import math

from torch import nn
from torch.utils.data import DataLoader

from baselines._importance import dampen, importance
from baselines.common import device_of, for_family, join, read

# passes over retain and forget, at most 1, that importance is measured in
EPOCHS = 0.3
BATCH_SIZE = 64
# alpha: a weight is dampened where forget importance exceeds this many times all
THRESHOLD = {"digits": 102.0, "fashion_mnist": 300.0}
# lambda: factor on the ratio that the weight is multiplied by
STRENGTH = {"digits": 0.529, "fashion_mnist": 1.0}


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its forget-specific weights shrunk; nothing is trained."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, threshold, strength = for_family(
        kept.images, EPOCHS, BATCH_SIZE, THRESHOLD, STRENGTH
    )
    every = join(kept, gone)
    drawn = every.sample(math.ceil(epochs * len(every)))
    overall = importance(net, drawn, 2, size)
    dampen(net, overall, importance(net, gone, 2, size), threshold, strength)
    return net.eval()
