"""Boundary expand: send every forget image to a class of its own, and drop that class again.

Short: BE
Source: Chen et al. 2023, "Boundary unlearning", https://arxiv.org/abs/2303.11570
Year: 2023
Data: forget
Cost: 4 forget epochs
Memory: one copy of the classifier
Randomness: initial weights of the extra class, data order
Tuned: LEARNING_RATE by `tune` on private splits of digits; before, the rate, on a retired split
    of digits
Differs: made for forgetting classes; the form is the same for examples
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Descent, device_of, frozen_batch_norm, last_linear, read

EPOCHS = 4  # passes over the forget set
LEARNING_RATE = 0.001  # falls linearly to zero


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net` after training with one extra class that holds the forget set."""
    gone = read(forget, device_of(net), name="forget")
    classifier = last_linear(net)
    n_classes = classifier.out_features
    given = dict(classifier.named_parameters())
    wider = nn.Linear(classifier.in_features, n_classes + 1, bias="bias" in given)
    wider.to(classifier.weight)
    for name, parameter in given.items():
        extended = torch.cat([parameter.detach(), wider.get_parameter(name).detach()[-1:]])
        setattr(classifier, name, nn.Parameter(extended))
    n_steps = EPOCHS * gone.n_batches(gone.batch_size)
    descent = Descent(net, n_steps=n_steps, learning_rate=LEARNING_RATE, weight_decay=0.0)
    net.train()
    with frozen_batch_norm(net):
        for _ in range(EPOCHS):
            for images, labels in gone.batches(gone.batch_size):
                extra = torch.full_like(labels, n_classes)
                descent.step(F.cross_entropy(net(images), extra))
    with torch.no_grad():
        for name, parameter in given.items():
            parameter.copy_(classifier.get_parameter(name)[:n_classes])
            setattr(classifier, name, parameter)
    return net.eval()
