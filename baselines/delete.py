"""DELETE: keep the original's dark knowledge of a forget image and take away its true class.

Short: DELETE
Source: Zhou et al. 2025, "Decoupled distillation to erase", https://arxiv.org/abs/2503.23751
Year: 2025
Data: forget, val
Cost: EPOCHS forget epochs
Memory: logits of forget
Randomness: the val example whose confidence is aimed at, data order
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning
Differs: made for forgetting classes, where the true class shall have probability 0. Unseen examples
    of a class that is kept do not, so here it gets that of a random val example of the same class
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    Descent,
    Examples,
    device_of,
    divergence,
    for_family,
    frozen_batch_norm,
    predict,
    read,
)

EPOCHS = {"digits": 8.0, "fashion_mnist": 22.5}  # passes over the forget set
BATCH_SIZE = 64
LEARNING_RATE = {"digits": 0.02, "fashion_mnist": 0.00749}  # falls linearly to zero


def drawn_confidence(labels: Tensor, unseen: Examples, unseen_logits: Tensor) -> Tensor:
    """Return, for each label, the log odds of the true class of a random val example of it.

    A label without an example in val takes one of all.
    """
    shares = unseen_logits.log_softmax(1)
    true = F.one_hot(unseen.labels, shares.shape[1]).bool()
    odds = shares[true] - shares.masked_fill(true, -torch.inf).logsumexp(1)
    alike = (labels[:, None] == unseen.labels[None, :]).float()
    alike[alike.sum(1) == 0] = 1.0
    return odds[torch.multinomial(alike, 1).squeeze(1)]


def targets(logits: Tensor, labels: Tensor, odds: Tensor) -> Tensor:
    """Return log-probabilities: `odds` for the label, the others in proportion as in `logits`."""
    true = F.one_hot(labels, logits.shape[1]).bool()
    others = logits.masked_fill(true, -torch.inf).log_softmax(1)
    return torch.where(true, F.logsigmoid(odds)[:, None], others + F.logsigmoid(-odds)[:, None])


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` distilled on forget images to itself with a less known true class."""
    device = device_of(net)
    gone, unseen = read(forget, device, name="forget"), read(val, device, name="val")
    epochs, size, rate = for_family(gone.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    logits = predict(net, gone.images)
    if logits.shape[1] < 2:
        raise ValueError("DELETE needs a network with at least 2 classes, got 1")
    odds = drawn_confidence(gone.labels, unseen, predict(net, unseen.images))
    aims = targets(logits, gone.labels, odds)
    n_steps = gone.n_steps(epochs, size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, weight_decay=0.0)
    net.train()
    with frozen_batch_norm(net):
        for images, chosen in gone.numbered().steps(epochs, size):
            descent.step(divergence(aims[chosen], net(images)))
    return net.eval()
