"""Uniform loss without a retain set: flatten forget outputs, stay the same on val data as a proxy.

Short: UP
Source: an idea of this project, for requests to forget that come when the training data are gone
Year: 2026
Data: forget, val
Cost: EPOCHS val epochs, each with as many forget batches of a quarter of the size, + a forward pass
    over both
Memory: the original's logits on val
Randomness: data order only
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE and UNIFORM by `tune` on private splits, task by task: see
    baselines/tuning
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, divergence, fine_tune_jointly, for_family, predict, read

EPOCHS = {"digits": 2.45, "fashion_mnist": 0.544}  # passes over the val set
BATCH_SIZE = {"digits": 16, "fashion_mnist": 32}
# weight of the flattening beside staying the same on val data
UNIFORM = {"digits": 0.113, "fashion_mnist": 0.0106}
LEARNING_RATE = {"digits": 0.0617, "fashion_mnist": 0.241}  # peak
WARMUP = 0.1  # share of the steps


def confidence(logits: Tensor, labels: Tensor) -> Tensor:
    """Return log p - log(1 - p) of the label's probability p, `(n,)`."""
    own = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return own - others.logsumexp(dim=1)


def floors(gone: Tensor, unseen: Tensor) -> Tensor:
    """Return for each confidence in `gone` the one of like rank in `unseen`: where to stop."""
    rank = gone.argsort().argsort().to(unseen.dtype) / max(1, len(gone) - 1)
    return unseen.quantile(rank)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, as unsure of forget data as of val data; the retain set is not looked at."""
    device = device_of(net)
    gone, unseen = read(forget, device, name="forget"), read(val, device, name="val")
    epochs, size, rate, weight = for_family(
        unseen.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, UNIFORM
    )
    teacher = predict(net, unseen.images)
    stop = floors(
        confidence(predict(net, gone.images), gone.labels), confidence(teacher, unseen.labels)
    )

    def loss(logits: Tensor, chosen: Tensor, gone_logits: Tensor, gone_chosen: Tensor) -> Tensor:
        too_sure = confidence(gone_logits, gone.labels[gone_chosen]) > stop[gone_chosen]
        away_from_uniform = -F.log_softmax(gone_logits, dim=1).mean(dim=1)
        same = divergence(teacher[chosen], logits)
        return same + weight * (away_from_uniform * too_sure.detach()).mean()

    fine_tune_jointly(
        net,
        unseen.numbered(),
        gone.numbered(),
        loss,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
    )
    return net.eval()
