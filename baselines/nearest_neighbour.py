"""Nearest neighbours: forget examples take the labels of the retain examples that resemble them.

Short: NN
Source: the trainer "NNTrainer" of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning
Year: 2023
Data: retain, forget
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size, + a forward
    pass over the forget set and 256 retain examples
Memory: soft labels of the forget set
Randomness: which neighbours are candidates, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, SHARPNESS and FORGET_WEIGHT by `tune` on private splits,
    task by task: see baselines/tuning
Differs: distances between features in place of logits, in units of the nearest one; candidates for
    the run in place of the batch; the weights move (the source optimises a copy), and fine-tuning
    goes on at the same time instead of afterwards
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, features, fine_tune_jointly, for_family, n_classes_of, read

N_CANDIDATES = 256  # retain examples drawn in a run, among which neighbours are sought
# how fast a neighbour's weight falls with distance, in units of the nearest one
SHARPNESS = {"digits": 4.38, "fashion_mnist": 53.9}
# of the forget examples' loss beside that of the retain examples
FORGET_WEIGHT = {"digits": 0.0863, "fashion_mnist": 0.025}
EPOCHS = {"digits": 0.973, "fashion_mnist": 0.291}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 32}
LEARNING_RATE = {"digits": 0.232, "fashion_mnist": 0.0885}  # peak
WARMUP = 0.1  # share of the steps


def neighbour_labels(
    gone: Tensor, candidates: Tensor, labels: Tensor, n_classes: int, sharpness: float
) -> Tensor:
    """Return soft labels `(n, n_classes)`: those of the candidates, the nearer the heavier."""
    distance = torch.cdist(gone, candidates)
    unit = distance.min(dim=1, keepdim=True).values.clamp(min=1e-6)
    weight = (-sharpness * distance / unit).softmax(dim=1)
    return weight @ F.one_hot(labels, n_classes).to(weight.dtype)


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, trained on retain labels and on what they imply for the forget examples."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, sharpness, weight = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, SHARPNESS, FORGET_WEIGHT
    )
    drawn = kept.sample(N_CANDIDATES)
    targets = neighbour_labels(
        features(net, gone.images),
        features(net, drawn.images),
        drawn.labels,
        n_classes_of(net),
        sharpness,
    )

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, chosen: Tensor) -> Tensor:
        implied = F.cross_entropy(gone_logits, targets[chosen])
        return F.cross_entropy(logits, labels) + weight * implied

    fine_tune_jointly(
        net,
        kept,
        gone.numbered(),
        loss,
        epochs=epochs,
        batch_size=size,
        learning_rate=rate,
        warmup=WARMUP,
    )
    return net.eval()
