"""L1-sparse: fine-tune on the retain set with a penalty on the size of all weights that fades out.

Short: L1-sparse
Source: Jia et al. 2023, "Model sparsity can simplify machine unlearning",
    https://arxiv.org/abs/2304.04934
Year: 2023
Data: retain
Cost: 2.5 retain epochs
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, rate and penalty, on a
    retired split of digits; 0.01 and 5e-4 are published
Differs: the penalty fades from step to step, not from epoch to epoch, as there are only 2.5 of them
"""

from __future__ import annotations

from itertools import islice

from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, read

EPOCHS = 2.5  # passes over the retain set
LEARNING_RATE = 0.32  # peak
WARMUP = 0.25  # share of the steps
PENALTY = 2e-3  # weight of the sum of absolute weights, at the first step


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` fine-tuned on the retain set towards sparse weights."""
    kept = read(retain, device_of(net), name="retain")
    size = kept.batch_size
    n_steps = kept.n_steps(EPOCHS, size)
    descent = Descent(net, n_steps=n_steps, learning_rate=LEARNING_RATE, warmup=WARMUP)
    weights = [parameter for parameter in net.parameters() if parameter.requires_grad]
    net.train()
    for step, (images, labels) in enumerate(islice(kept.endless(size), n_steps)):
        length = sum(weight.abs().sum() for weight in weights)
        penalty = PENALTY * (1 - step / n_steps) * length
        descent.step(F.cross_entropy(net(images), labels) + penalty)
    return net.eval()
