"""Nearest neighbours: forget examples take the labels of the retain examples that resemble them.

Short: NN
Source: the trainer "NNTrainer" of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning
Year: 2023
Data: retain, forget
Cost: 2.25 retain epochs, each with as many forget batches of a quarter of the size, + a forward
    pass over the forget set and 256 retain examples
Memory: soft labels of the forget set
Randomness: which neighbours are candidates, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, SHARPNESS, FORGET_WEIGHT and
    LEARNING_RATE on a retired split of digits
Differs: distances between features in place of logits, in units of the nearest one; candidates for
    the run in place of the batch; the weights move (the source optimises a copy), and fine-tuning
    goes on at the same time instead of afterwards
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import (
    device_of,
    features,
    fine_tune_jointly,
    n_classes_of,
    read,
)

N_CANDIDATES = 256  # retain examples drawn in a run, among which neighbours are sought
SHARPNESS = 16.0  # how fast a neighbour's weight falls with distance, in units of the nearest one
FORGET_WEIGHT = 0.1  # of the forget examples' loss beside that of the retain examples
EPOCHS = 2.25  # passes over the retain set
LEARNING_RATE = 0.4  # peak
WARMUP = 0.1  # share of the steps


def neighbour_labels(gone: Tensor, candidates: Tensor, labels: Tensor, n_classes: int) -> Tensor:
    """Return soft labels `(n, n_classes)`: those of the candidates, the nearer the heavier."""
    distance = torch.cdist(gone, candidates)
    unit = distance.min(dim=1, keepdim=True).values.clamp(min=1e-6)
    weight = (-SHARPNESS * distance / unit).softmax(dim=1)
    return weight @ F.one_hot(labels, n_classes).to(weight.dtype)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, trained on retain labels and on what they imply for the forget examples."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    drawn = kept.sample(N_CANDIDATES)
    targets = neighbour_labels(
        features(net, gone.images), features(net, drawn.images), drawn.labels, n_classes_of(net)
    )

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, chosen: Tensor) -> Tensor:
        implied = F.cross_entropy(gone_logits, targets[chosen])
        return F.cross_entropy(logits, labels) + FORGET_WEIGHT * implied

    fine_tune_jointly(
        net,
        kept,
        gone.numbered(),
        loss,
        epochs=EPOCHS,
        learning_rate=LEARNING_RATE,
        warmup=WARMUP,
    )
    return net.eval()
