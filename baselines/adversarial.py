"""Adversarial: diverge from a frozen teacher on forget data, stay near it on retain data.

Short: AdvMM
Source: the trainer "scrubs" of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size, + a forward
    pass over both
Memory: logits of retain and forget
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, AWAY and NEAR by `tune` on private splits, task by task:
    see baselines/tuning
Differs: both sides move in every step, not in turns of an epoch; the divergence is one (the source
    passes probabilities where logarithms belong), and it is bounded
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, divergence, fine_tune_jointly, for_family, predict, read

EPOCHS = {"digits": 0.8, "fashion_mnist": 0.612}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.4, "fashion_mnist": 0.361}  # peak
WARMUP = 0.1  # share of the steps
AWAY = {"digits": 0.05, "fashion_mnist": 0.196}  # weight of the divergence on forget
# weight of the divergence on retain, beside the loss on the labels
NEAR = {"digits": 0.1, "fashion_mnist": 0.0428}


def bounded_divergence(reference: Tensor, logits: Tensor) -> Tensor:
    """Return the mean over examples of KL(reference || logits), each cut off at log(n_classes).

    That is how far a certain prediction is from guessing. Without an end the maximiser would drive
    every forget example to a certain wrong class, which no network trained without it does.
    """
    log_p, log_q = F.log_softmax(reference, dim=1), F.log_softmax(logits, dim=1)
    each = (log_p.exp() * (log_p - log_q)).sum(dim=1)
    return each.clamp(max=math.log(logits.shape[1])).mean()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, near its former self on retain data and away from it on forget data."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, away_weight, near_weight = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, AWAY, NEAR
    )
    teacher_kept, teacher_gone = predict(net, kept.images), predict(net, gone.images)

    def loss(logits: Tensor, chosen: Tensor, gone_logits: Tensor, gone_chosen: Tensor) -> Tensor:
        away = bounded_divergence(teacher_gone[gone_chosen], gone_logits)
        near = divergence(teacher_kept[chosen], logits)
        error = F.cross_entropy(logits, kept.labels[chosen])
        return error + near_weight * near - away_weight * away

    fine_tune_jointly(
        net,
        kept.numbered(),
        gone.numbered(),
        loss,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
    )
    return net.eval()
