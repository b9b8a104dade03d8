"""Class attention: each class attends to the features that its forget examples do not live on.

Short: CA
Source: the file ClassAttention.py of a repository of unlearning experiments,
    https://github.com/sachit3022/unlearning
Year: 2023
Data: retain, forget
Cost: 12 steps on features alone + EPOCHS retain epochs + a forward pass over retain and forget
Memory: the original's features of retain and forget, one gate for each weight of the classifier
Randomness: where attention starts, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, ATTENTION_RATE and AWAY by `tune` on private splits, task
    by task: see baselines/tuning
Differs: the source builds a network with layers of its own for each class and trains it without
    the constraint that was to make it forget. Here attention over the features is learned for the
    given network and folded into its classifier
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import Examples, device_of, features, fine_tune, for_family, last_linear, read

N_STEPS = 12  # of learning where to attend
ATTENTION_BATCH_SIZE = 128
ATTENTION_RATE = {"digits": 0.1, "fashion_mnist": 0.312}  # Adam's learning rate
# weight of the bounded loss on forget data, which attention raises
AWAY = {"digits": 0.2, "fashion_mnist": 0.759}
SPREAD = 0.1  # standard deviation of the scores that attention starts from
# passes over the retain set with all layers, afterwards
EPOCHS = {"digits": 0.9, "fashion_mnist": 0.645}
BATCH_SIZE = {"digits": 64, "fashion_mnist": 256}
LEARNING_RATE = {"digits": 0.3, "fashion_mnist": 0.218}  # peak
WARMUP = 0.1  # share of the steps


def attended(classifier: nn.Linear, scores: Tensor) -> Tensor:
    """Return the classifier's weights times each class's attention, which is 1 on average."""
    return classifier.weight * scores.softmax(dim=1) * scores.shape[1]


def learn_attention(
    classifier: nn.Linear, kept: Examples, gone: Examples, rate: float, away: float
) -> Tensor:
    """Return scores `(n_classes, n_features)` that serve `kept` and not `gone`, given features."""
    scores = (SPREAD * torch.randn_like(classifier.weight)).requires_grad_(True)
    optimizer = torch.optim.Adam([scores], lr=rate)
    bound = math.log(classifier.out_features)
    others = gone.endless(ATTENTION_BATCH_SIZE)
    for _, (inputs, labels), (gone_inputs, gone_labels) in zip(
        range(N_STEPS), kept.endless(ATTENTION_BATCH_SIZE), others, strict=False
    ):
        weights = attended(classifier, scores)
        down = F.cross_entropy(F.linear(inputs, weights, classifier.bias), labels)
        gone_logits = F.linear(gone_inputs, weights, classifier.bias)
        up = F.cross_entropy(gone_logits, gone_labels, reduction="none").clamp(max=bound).mean()
        (scores.grad,) = torch.autograd.grad(down - away * up, [scores])
        optimizer.step()
    return scores.detach()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, its classifier weighted by attention and everything fine-tuned after it."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, attention_rate, away = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, ATTENTION_RATE, AWAY
    )
    classifier = last_linear(net)
    scores = learn_attention(
        classifier,
        Examples(features(net, kept.images), kept.labels),
        Examples(features(net, gone.images), gone.labels),
        attention_rate,
        away,
    )
    with torch.no_grad():
        classifier.weight.copy_(attended(classifier, scores))
    fine_tune(net, kept, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP)
    return net.eval()
