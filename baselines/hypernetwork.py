"""Hypernetwork: learn which classifier undoes a slice of retain, then ask it for the real one.

Short: Hyper
Source: an idea of this project: networks that generate weights, Ha et al. 2016,
    https://arxiv.org/abs/1609.09106, conditioned on what is to be forgotten
Year: 2026
Data: retain, forget, val
Cost: 20 steps on features alone + EPOCHS retain epochs + a forward pass over everything
Memory: the original's features of all sets; the hypernetwork, about 100 weights a feature
Randomness: weights of the hypernetwork, slices, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, HYPER_RATE and STRENGTH by `tune` on private splits, task
    by task: see baselines/tuning
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, features, fine_tune, for_family, last_linear, read

N_SLICES = 20  # pseudo-forget slices of the retain set, one a step
MAX_EXAMPLES = 128  # of a slice, and of what is compared with it
HIDDEN = 32  # units of the hypernetwork
HYPER_RATE = {"digits": 0.0401, "fashion_mnist": 0.0907}  # Adam's learning rate for it
# weight of looking unseen, for a slice, beside the loss on what is kept
STRENGTH = {"digits": 1.45, "fashion_mnist": 0.879}
# passes over the retain set with all layers, afterwards
EPOCHS = {"digits": 0.486, "fashion_mnist": 0.444}
BATCH_SIZE = {"digits": 32, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.283, "fashion_mnist": 0.341}  # peak
WARMUP = 0.1  # share of the steps


def log_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the logarithm of the label's probability, `(n,)`."""
    return -F.cross_entropy(logits, labels, reduction="none")


def class_means(data: Examples, n_classes: int) -> Tensor:
    """Return the mean feature of each class, `(n_classes, n_features)`, zero where it has none."""
    members = F.one_hot(data.labels, n_classes).to(data.images.dtype)
    return members.T @ data.images / members.sum(dim=0).clamp(min=1.0)[:, None]


class Hypernetwork(nn.Module):
    """Generates each class's row of the classifier from the row that is and from the slice."""

    def __init__(self, classifier: nn.Linear) -> None:
        super().__init__()
        n_features = classifier.in_features
        self.rows = classifier.weight.detach().clone()
        self.layers = nn.Sequential(
            nn.Linear(3 * n_features, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, n_features)
        )

    def forward(self, gone: Examples, kept_means: Tensor) -> Tensor:
        """Return the weights `(n_classes, n_features)` for forgetting `gone`.

        Args:
            gone: features and labels of the slice: with the means of what is kept, its embedding.
            kept_means: of the classes, `(n_classes, n_features)`.
        """
        embedding = torch.cat([self.rows, class_means(gone, len(self.rows)), kept_means], dim=1)
        return self.rows + self.rows.std() * self.layers(embedding)


def slice_losses(
    weights: Tensor, bias: Tensor | None, kept: Examples, gone: Examples, unseen: Examples
) -> tuple[Tensor, Tensor]:
    """Return the loss on `kept`, and the distance of `gone` from `unseen`.

    The distance is Wasserstein's, of order 1, between the labels' log-probabilities: the mean
    difference of the sorted ones.
    """
    n = min(len(gone), len(unseen))
    gone_sorted, unseen_sorted = (
        log_probability(F.linear(part.images[:n], weights, bias), part.labels[:n]).sort().values
        for part in (gone, unseen)
    )
    distance = F.l1_loss(gone_sorted, unseen_sorted.detach())
    return F.cross_entropy(F.linear(kept.images, weights, bias), kept.labels), distance


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` with the classifier generated for its forget set, then fine-tuned."""
    device = device_of(net)
    classifier = last_linear(net)
    images = read(retain, device, name="retain")
    epochs, size, rate, hyper_rate, strength = for_family(
        images.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, HYPER_RATE, STRENGTH
    )
    kept, gone, unseen = (
        Examples(features(net, data.images), data.labels)
        for data in (images, read(forget, device, name="forget"), read(val, device, name="val"))
    )
    hyper = Hypernetwork(classifier).to(device)
    optimizer = torch.optim.Adam(hyper.parameters(), lr=hyper_rate)
    means = class_means(kept, classifier.out_features)
    bias = None if classifier.bias is None else classifier.bias.detach()
    n_gone = max(1, min(len(gone), len(kept) // 2, MAX_EXAMPLES))
    for _ in range(N_SLICES):
        drawn = kept.sample(n_gone + MAX_EXAMPLES)
        piece = Examples(drawn.images[:n_gone], drawn.labels[:n_gone])
        rest = Examples(drawn.images[n_gone:], drawn.labels[n_gone:])
        drawn_unseen = unseen.sample(n_gone)
        error, distance = slice_losses(hyper(piece, means), bias, rest, piece, drawn_unseen)
        optimizer.zero_grad()
        (error + strength * distance).backward()
        optimizer.step()
    with torch.no_grad():
        classifier.weight.copy_(hyper(gone, means))
    fine_tune(net, images, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
