"""LoTUS: follow the original's predictions, smoothed the more the better forget is still known.

Short: LoTUS
Source: Spartalis et al. 2025, "LoTUS: large-scale machine unlearning with a taste of uncertainty",
    https://arxiv.org/abs/2503.18314
Year: 2025
Data: retain, forget, val
Cost: at most MAX_EPOCHS passes over forget and 30 % of retain
Memory: logits of retain and forget
Randomness: the Gumbel noise in the targets, the part of retain, data order
Tuned: MAX_EPOCHS, BATCH_SIZE, LEARNING_RATE and SHARPNESS by `tune` on private splits, task by
    task: see baselines/tuning; the other constants are published
Differs: SGD, not AdamW; the teacher's logits are computed once, as neither it nor the images change
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, join, predict, read

RETAIN_SHARE = 0.3  # of the retain set, drawn once a run
SHARPNESS = 8.0  # alpha: how fast the temperature follows the accuracy
PATIENCE = 0.01  # ends when the forget accuracy is this far below the accuracy on val
MAX_EPOCHS = 3  # passes over the forget set and that share
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.1, "fashion_mnist": 0.05}  # peak
WARMUP = 0.25  # share of the steps


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest logit is the label's."""
    return (logits.argmax(1) == labels).float().mean().item()


def smoothed(logits: Tensor, gone: Tensor, temperature: float) -> Tensor:
    """Return target distributions: soft Gumbel samples where `gone`, hard ones elsewhere."""
    soft = F.gumbel_softmax(logits, tau=temperature)
    return torch.where(gone[:, None], soft, F.gumbel_softmax(logits, hard=True))


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after following noisy copies of its own first predictions."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    unseen = read(val, device, name="val")
    max_epochs, size, rate, sharpness = for_family(
        kept.images, MAX_EPOCHS, BATCH_SIZE, LEARNING_RATE, SHARPNESS
    )
    kept = kept.sample(max(1, round(RETAIN_SHARE * len(kept))))
    numbered = join(kept, gone).numbered()
    teacher = predict(net, numbered.images)
    target = accuracy(predict(net, unseen.images), unseen.labels)
    n_steps = max_epochs * numbered.n_batches(size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, warmup=WARMUP)
    net.train()
    for _ in range(max_epochs):
        excess = accuracy(predict(net, gone.images), gone.labels) - target
        if excess <= -PATIENCE:
            break
        temperature = math.exp(sharpness * excess)
        for batch, chosen in numbered.batches(size):
            aims = smoothed(teacher[chosen], chosen >= len(kept), temperature)
            descent.step(F.cross_entropy(net(batch), aims))
    return net.eval()
