"""Entropy: keep the labels of the forget set, but reward doubt about them.

Short: Ent
Source: an idea of this project: a bounded goal for forget data in place of ascent
Year: 2026
Data: retain, forget
Cost: 2.25 retain epochs, each with as many forget batches of a quarter of the size
Memory: none
Randomness: data order only
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, DOUBT, FORGET_WEIGHT and
    LEARNING_RATE on a retired split of digits
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune_jointly, read

# The minimum of `loss - DOUBT * entropy` is no certainty but, for 10 classes, a true class of
# probability 0.47 when DOUBT is 1 and of 0.68 when it is 0.5: about what an example that was
# never seen, and is not easy, gets.
DOUBT = 1.0
FORGET_WEIGHT = 0.05  # of both terms, beside the loss on retain data
EPOCHS = 2.25  # passes over the retain set
LEARNING_RATE = 0.5  # peak
WARMUP = 0.1  # share of the steps


def doubtful_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of the loss on the labels minus `DOUBT` times the entropy."""
    log_p = F.log_softmax(logits, dim=1)
    entropy = -(log_p.exp() * log_p).sum(dim=1).mean()
    return F.nll_loss(log_p, labels) - DOUBT * entropy


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, as sure as before of retain data and in doubt about forget data."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, gone_labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels) + FORGET_WEIGHT * doubtful_loss(
            gone_logits, gone_labels
        )

    fine_tune_jointly(
        net, kept, gone, loss, epochs=EPOCHS, learning_rate=LEARNING_RATE, warmup=WARMUP
    )
    return net.eval()
