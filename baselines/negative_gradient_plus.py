"""NegGrad+: descend the loss on retain data and ascend it on forget data in the same step.

Short: NegGrad+
Source: Kurmanji et al. 2023, "Towards unbounded machine unlearning", section 5,
    https://arxiv.org/abs/2302.09880
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size
Memory: none
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and RETAIN_SHARE by `tune` on private splits, task by task:
    see baselines/tuning
Differs: fewer epochs than 5 or 10, at the higher rate that they need; both batches pass at once, in
    train mode; each forget example counts until its loss is that of guessing, as the ascent has no
    end otherwise
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune_jointly, for_family, read

RETAIN_SHARE = 0.95  # alpha: weight of the retain loss; the forget loss weighs alpha - 1
EPOCHS = {"digits": 0.9, "fashion_mnist": 0.81}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.4, "fashion_mnist": 0.2}  # peak
WARMUP = 0.1  # share of the steps


def bounded_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of the losses, each cut off at log(n_classes): what guessing would cost."""
    return (
        F.cross_entropy(logits, labels, reduction="none")
        .clamp(max=math.log(logits.shape[1]))
        .mean()
    )


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after steps down `alpha * retain loss - (1 - alpha) * forget loss`."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, alpha = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, RETAIN_SHARE
    )

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, gone_labels: Tensor) -> Tensor:
        ascent = bounded_cross_entropy(gone_logits, gone_labels)
        return alpha * F.cross_entropy(logits, labels) - (1 - alpha) * ascent

    fine_tune_jointly(
        net, kept, gone, loss, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP
    )
    return net.eval()
