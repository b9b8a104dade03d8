"""L1-sparse: fine-tune on the retain set with a penalty on the size of all weights that fades out.

Short: L1-sparse
Source: Jia et al. 2023, "Model sparsity can simplify machine unlearning",
    https://arxiv.org/abs/2304.04934
Year: 2023
Data: retain
Cost: EPOCHS retain epochs
Memory: none
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and PENALTY by `tune` on private splits, task by task: see
    baselines/tuning; a rate of 0.01 and a penalty of 5e-4 are published
Differs: the penalty fades from step to step, not from epoch to epoch, as there are few of them
"""

from __future__ import annotations

from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, read

EPOCHS = {"digits": 0.685, "fashion_mnist": 0.569}  # passes over the retain set
BATCH_SIZE = {"digits": 16, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.0784, "fashion_mnist": 0.14}  # peak
WARMUP = 0.25  # share of the steps
# weight of the sum of absolute weights, at the first step
PENALTY = {"digits": 0.00224, "fashion_mnist": 0.00296}


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` fine-tuned on the retain set towards sparse weights."""
    kept = read(retain, device_of(net), name="retain")
    epochs, size, rate, weight = for_family(kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, PENALTY)
    n_steps = kept.n_steps(epochs, size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, warmup=WARMUP)
    moved = [parameter for parameter in net.parameters() if parameter.requires_grad]
    net.train()
    for step, (images, labels) in enumerate(kept.steps(epochs, size)):
        length = sum(parameter.abs().sum() for parameter in moved)
        penalty = weight * (1 - step / n_steps) * length
        descent.step(F.cross_entropy(net(images), labels) + penalty)
    return net.eval()
