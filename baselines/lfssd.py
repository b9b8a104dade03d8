"""LFSSD: selective synaptic dampening by the sensitivity of the output's size, without labels.

Short: LFSSD
Source: Foster et al. 2024, "Loss-free machine unlearning", https://arxiv.org/abs/2402.19308
Year: 2024
Data: retain, forget
Cost: EPOCHS retain epochs + (1 + EPOCHS) forget epochs
Memory: three copies of the weights
Randomness: the grouping into batches, and which examples where EPOCHS is below 1
Tuned: EPOCHS, BATCH_SIZE, THRESHOLD and STRENGTH by `tune` on private splits, task by task: see
    baselines/tuning; the threshold is below SSD's, as ratios of absolute gradients are smaller than
    those of squares
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines._importance import dampen, importance
from baselines.common import device_of, for_family, join, read

# passes over retain and forget, at most 1, that importance is measured in
EPOCHS = {"digits": 0.217, "fashion_mnist": 0.3}
BATCH_SIZE = {"digits": 128, "fashion_mnist": 64}
# alpha: a weight is dampened where forget importance exceeds this many times all
THRESHOLD = {"digits": 5.3, "fashion_mnist": 1.38}
# lambda: factor on the ratio that the weight is multiplied by
STRENGTH = {"digits": 0.169, "fashion_mnist": 0.421}


def output_size(logits: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean squared length of the logit vectors."""
    return logits.square().sum(1).mean()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its forget-specific weights shrunk; nothing is trained, no label read."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, threshold, strength = for_family(
        kept.images, EPOCHS, BATCH_SIZE, THRESHOLD, STRENGTH
    )
    every = join(kept, gone)
    drawn = every.sample(math.ceil(epochs * len(every)))
    overall = importance(net, drawn, 1, size, output_size)
    dampen(net, overall, importance(net, gone, 1, size, output_size), threshold, strength)
    return net.eval()
