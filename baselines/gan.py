"""GAN: a discriminator learns to tell forget from val outputs, the network to give it no hold.

Short: GAN
Source: an idea of this project, near adversarial membership inference as in
    Chen et al. 2021, "Machine unlearning via GAN", https://arxiv.org/abs/2111.11869
Year: 2026
Data: retain, forget, val
Cost: EPOCHS retain epochs, each with as many forget batches of a quarter of the size and half as
    many forward passes of val batches
Memory: the discriminator, 64 weights a class
Randomness: weights of the discriminator, data order
Tuned: EPOCHS, BATCH_SIZE, LEARNING_RATE, FOOLING and DISCRIMINATOR_RATE by `tune` on private
    splits, task by task: see baselines/tuning
Differs: no images are generated; the network itself is the generator, of outputs
"""

from __future__ import annotations

from itertools import cycle

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from baselines.common import device_of, fine_tune_jointly, for_family, n_classes_of, predict, read

EPOCHS = {"digits": 0.52, "fashion_mnist": 0.475}  # passes over the retain set
BATCH_SIZE = {"digits": 64, "fashion_mnist": 128}
LEARNING_RATE = {"digits": 0.4, "fashion_mnist": 0.372}  # peak, of the network
WARMUP = 0.1  # share of the steps
# weight of the discriminator's verdict beside the loss on retain data
FOOLING = {"digits": 0.1, "fashion_mnist": 0.112}
TURN = 2  # steps of the network for each of the discriminator
N_VAL = 64  # val examples drawn for a step of the discriminator
HIDDEN = 32  # units of the discriminator
DISCRIMINATOR_RATE = {"digits": 0.03, "fashion_mnist": 0.0881}  # Adam's


def view(logits: Tensor, labels: Tensor) -> Tensor:
    """Return what the discriminator sees: sorted log-probabilities, the label, its loss."""
    log_p = F.log_softmax(logits, dim=1)
    label = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    error = -log_p.gather(1, labels[:, None])
    return torch.cat([log_p.sort(dim=1).values, label, error], dim=1).clamp(-20.0, 20.0)


class Discriminator(nn.Module):
    """Scores outputs: positive for forget data, negative for val data; carries its optimiser."""

    def __init__(self, n_classes: int, learning_rate: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * n_classes + 1, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
        )
        self.optimizer = torch.optim.Adam(self.parameters(), lr=learning_rate)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.layers(view(logits, labels)).squeeze(1)

    def learn(self, gone: tuple[Tensor, Tensor], unseen: tuple[Tensor, Tensor]) -> None:
        """Make one step towards telling the two pairs of logits and labels apart."""
        # softplus(-s) and softplus(s) are the cross-entropies of a score s with labels 1 and 0.
        loss = F.softplus(-self(*gone)).mean() + F.softplus(self(*unseen)).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def unlearning(
    net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
) -> nn.Module:
    """Return `net`, whose outputs on forget data look like those on val data."""
    device = device_of(net)
    kept, gone = read(retain, device, name="retain"), read(forget, device, name="forget")
    epochs, size, rate, fooling, discriminator_rate = for_family(
        kept.images, EPOCHS, BATCH_SIZE, LEARNING_RATE, FOOLING, DISCRIMINATOR_RATE
    )
    unseen = read(val, device, name="val")
    discriminator = Discriminator(n_classes_of(net), discriminator_rate).to(device)
    turns = cycle([True] + [False] * (TURN - 1))

    def loss(logits: Tensor, labels: Tensor, gone_logits: Tensor, gone_labels: Tensor) -> Tensor:
        if next(turns):
            drawn = unseen.sample(N_VAL)
            discriminator.learn(
                (gone_logits.detach(), gone_labels), (predict(net, drawn.images), drawn.labels)
            )
        fooled = F.softplus(discriminator(gone_logits, gone_labels)).mean()
        return F.cross_entropy(logits, labels) + fooling * fooled

    fine_tune_jointly(
        net, kept, gone, loss, epochs=epochs, batch_size=size, learning_rate=rate, warmup=WARMUP
    )
    return net.eval()
