"""Boundary expand: send every forget image to a class of its own, and drop that class again.

Short: BE
Source: Chen et al. 2023, "Boundary unlearning", https://arxiv.org/abs/2303.11570
Year: 2023
Data: forget
Cost: EPOCHS forget epochs
Memory: one copy of the classifier
Randomness: initial weights of the extra class, data order
Tuned: EPOCHS, BATCH_SIZE and LEARNING_RATE by `tune` on private splits, task by task: see
    baselines/tuning
Differs: made for forgetting classes; the form is the same for examples
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, for_family, frozen_batch_norm, last_linear, read

EPOCHS = {"digits": 3.15, "fashion_mnist": 8.9}  # passes over the forget set
BATCH_SIZE = {"digits": 32, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.000528, "fashion_mnist": 0.000135}  # falls linearly to zero


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after training with one extra class that holds the forget set."""
    gone = read(forget, device_of(net), name="forget")
    epochs, size, rate = for_family(gone.images, EPOCHS, BATCH_SIZE, LEARNING_RATE)
    classifier = last_linear(net)
    n_classes = classifier.out_features
    given = dict(classifier.named_parameters())
    wider = nn.Linear(classifier.in_features, n_classes + 1, bias="bias" in given)
    wider.to(classifier.weight)
    for name, parameter in given.items():
        extended = torch.cat([parameter.detach(), wider.get_parameter(name).detach()[-1:]])
        setattr(classifier, name, nn.Parameter(extended))
    n_steps = gone.n_steps(epochs, size)
    descent = Descent(net, n_steps=n_steps, learning_rate=rate, weight_decay=0.0)
    net.train()
    with frozen_batch_norm(net):
        for images, labels in gone.steps(epochs, size):
            extra = torch.full_like(labels, n_classes)
            descent.step(F.cross_entropy(net(images), extra))
    with torch.no_grad():
        for name, parameter in given.items():
            parameter.copy_(classifier.get_parameter(name)[:n_classes])
            setattr(classifier, name, parameter)
    return net.eval()
