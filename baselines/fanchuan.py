"""Fanchuan: flatten forget outputs, then alternate contrastive forget rounds with retain epochs.

Short: FCS
Source: the solution of fanchuan, prize 1 of the 2023 challenge,
    https://www.kaggle.com/competitions/neurips-2023-machine-unlearning/discussion/458721
Year: 2023
Data: retain, forget
Cost: 2 ROUND_EPOCHS retain epochs + 3 forget epochs + forward passes of as many retain batches
Memory: momentum of three optimisers
Randomness: data order only
Tuned: ROUND_EPOCHS, BATCH_SIZE, UNIFORM_RATE, CONTRAST_RATE and RETAIN_RATE by `tune` on private
    splits, task by task: see baselines/tuning
Differs: 2 rounds, not 8; learning rates of 0.005, 0.0003 and 0.004 are published, and here all fall
    to zero, not only the second; a weight decay of 5e-4, not 1e-2, in the last
"""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, divergence, for_family, read

N_ROUNDS = 2  # of one forget epoch and some passes over the retain set each
ROUND_EPOCHS = {"digits": 0.257, "fashion_mnist": 0.36}  # of these passes
BATCH_SIZE = {"digits": 16, "fashion_mnist": 128}
FORGET_BATCH_SIZE = 64
TEMPERATURE = 1.15  # of the similarities
UNIFORM_RATE = {"digits": 0.127, "fashion_mnist": 0.05}  # learning rate of the first stage
CONTRAST_RATE = {"digits": 0.00268, "fashion_mnist": 0.0003}  # of the forget rounds, at first
RETAIN_RATE = {"digits": 0.0634, "fashion_mnist": 0.2}  # of the retain rounds, at first
RETAIN_WEIGHT_DECAY = 5e-4


def contrast(forget_logits: Tensor, retain_logits: Tensor) -> Tensor:
    """Return the loss that is least when each forget output resembles all retain outputs alike."""
    similarity = forget_logits @ retain_logits.T / TEMPERATURE
    return -F.log_softmax(similarity, dim=1).mean()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after one uniform pass and alternating forget and retain rounds."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, uniform_rate, contrast_rate, retain_rate = for_family(
        kept.images, ROUND_EPOCHS, BATCH_SIZE, UNIFORM_RATE, CONTRAST_RATE, RETAIN_RATE
    )
    n_forget = gone.n_batches(FORGET_BATCH_SIZE)
    flatten = Descent(net, n_steps=n_forget, learning_rate=uniform_rate, weight_decay=0.0)
    push = Descent(net, n_steps=N_ROUNDS * n_forget, learning_rate=contrast_rate, weight_decay=0.0)
    n_repair = kept.n_steps(epochs, size)
    repair = Descent(
        net,
        n_steps=N_ROUNDS * n_repair,
        learning_rate=retain_rate,
        weight_decay=RETAIN_WEIGHT_DECAY,
    )
    net.train()
    for images, _ in gone.batches(FORGET_BATCH_SIZE):
        logits = net(images)
        flatten.step(divergence(torch.zeros_like(logits), logits))
    stream, others = kept.endless(size), kept.endless(size)
    for _ in range(N_ROUNDS):
        for images, _ in gone.batches(FORGET_BATCH_SIZE):
            with torch.no_grad():
                retain_logits = net(next(others)[0])
            push.step(contrast(net(images), retain_logits))
        for images, labels in islice(stream, n_repair):
            repair.step(F.cross_entropy(net(images), labels))
    return net.eval()
