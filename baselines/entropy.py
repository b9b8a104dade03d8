"""Entropy: keep the labels of the forget set, but reward doubt about them.

Short: Ent
Source: an idea of this project: a bounded goal for forget data in place of ascent
Year: 2026
Data: retain, forget
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size
Memory: none
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, DOUBT and FORGET_WEIGHT by `tune` on private splits, task
    by task: see baselines/tuning
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune_jointly, for_family, read

# The minimum of `loss - doubt * entropy` is no certainty but, for 10 classes, a true class of
# probability 0.47 when doubt is 1 and of 0.68 when it is 0.5: about what an example that was
# never seen, and is not easy, gets.
DOUBT = {"digits": 1.0, "fashion_mnist": 0.394}
# of both terms, beside the loss on retain data
FORGET_WEIGHT = {"digits": 0.05, "fashion_mnist": 0.0141}
EPOCHS = {"digits": 0.9, "fashion_mnist": 0.237}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 32}
LEARNING_RATE = {"digits": 0.5, "fashion_mnist": 0.0776}  # peak
WARMUP = 0.1  # share of the steps


def doubtful_loss(logits: Tensor, labels: Tensor, doubt: float) -> Tensor:
    """Return the mean of the loss on the labels minus `doubt` times the entropy."""
    log_p = F.log_softmax(logits, dim=1)
    entropy = -(log_p.exp() * log_p).sum(dim=1).mean()
    return F.nll_loss(log_p, labels) - doubt * entropy


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, as sure as before of retain data and in doubt about forget data."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, doubt, weight = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, DOUBT, FORGET_WEIGHT
    )

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, gone_labels: Tensor) -> Tensor:
        doubtful = doubtful_loss(gone_logits, gone_labels, doubt)
        return F.cross_entropy(logits, labels) + weight * doubtful

    fine_tune_jointly(
        net, kept, gone, loss, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP
    )
    return net.eval()
