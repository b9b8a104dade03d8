"""SSD: dampen the weights that matter far more to the forget set than to all training data.

Short: SSD
Source: Foster et al. 2024, "Fast machine unlearning without retraining through selective synaptic
    dampening", https://arxiv.org/abs/2308.07707
Year: 2024
Data: retain, forget
Cost: 1 retain epoch + 2 forget epochs
Memory: three copies of the weights
Randomness: the grouping into batches only
Tuned: THRESHOLD and STRENGTH by `tune` on private splits of digits; before, the threshold, on a
    retired split of digits; 10 is published for ResNet-18 and ruins this network
"""

from __future__ import annotations

from torch import nn
from torch.utils.data import DataLoader

from baselines._importance import dampen, importance
from baselines.common import device_of, join, read

THRESHOLD = 30.0  # alpha: a weight is dampened where forget importance exceeds this many times all
STRENGTH = 1.0  # lambda: factor on the ratio that the weight is multiplied by


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its forget-specific weights shrunk; nothing is trained."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    size = kept.batch_size
    overall = importance(net, join(kept, gone), 2, size)
    dampen(net, overall, importance(net, gone, 2, size), THRESHOLD, STRENGTH)
    return net.eval()
