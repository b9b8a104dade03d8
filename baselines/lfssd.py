"""LFSSD: selective synaptic dampening by the sensitivity of the output's size, without labels.

Short: LFSSD
Source: Foster et al. 2024, "Loss-free machine unlearning", https://arxiv.org/abs/2402.19308
Year: 2024
Data: retain, forget
Cost: 1 retain epoch + 2 forget epochs
Memory: three copies of the weights
Randomness: the grouping into batches only
Tuned: THRESHOLD and STRENGTH by `tune` on private splits of digits; before, the threshold, on a
    retired split of digits; below SSD's, as ratios of absolute gradients are smaller than those
    of squares
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines._importance import dampen, importance
from baselines.common import device_of, join, read

THRESHOLD = 1.38  # alpha: a weight is dampened where forget importance exceeds this many times all
STRENGTH = 0.421  # lambda: factor on the ratio that the weight is multiplied by


def output_size(logits: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean squared length of the logit vectors."""
    return logits.square().sum(1).mean()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with its forget-specific weights shrunk; nothing is trained, no label read."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    size = kept.batch_size
    overall = importance(net, join(kept, gone), 1, size, output_size)
    dampen(net, overall, importance(net, gone, 1, size, output_size), THRESHOLD, STRENGTH)
    return net.eval()
