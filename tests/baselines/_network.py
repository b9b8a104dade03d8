"""A small residual network that works in place, and data that it learns in a moment."""

from __future__ import annotations

import copy
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from baselines.common import Examples, fine_tune


class ResidualBlock(nn.Module):
    """A convolution around which its input passes; the ReLU works in place, as torchvision's do."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        return images + self.relu(self.norm(self.conv(images)))


class ResidualNet(nn.Module):
    """A stem of 4 filters, widened to 6, one block, and a classifier of 3 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4))
        self.widen = nn.Conv2d(4, 6, 1)
        self.block = ResidualBlock(6)
        self.fc = nn.Linear(6 * 9, 3)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.widen(F.relu(self.stem(images))))
        return self.fc(F.avg_pool2d(self.block(hidden), 2).flatten(1))


def pattern_examples(n_examples: int, seed: int) -> Examples:
    """Return noisy 6x6 images of 3 classes: a bright row at the top, in the middle, at the end."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_examples) % 3
    images = torch.randn(n_examples, 1, 6, 6, generator=generator) * 0.5
    images[torch.arange(n_examples), 0, labels * 2] += 2.0
    return Examples(images, labels)


def loader(examples: Examples) -> DataLoader:
    """Return a loader as methods get it."""
    return DataLoader(TensorDataset(examples.images, examples.labels), batch_size=64, shuffle=True)


@cache
def _trained_once() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = ResidualNet().to(memory_format=torch.channels_last)
        fine_tune(net, pattern_examples(64, seed=0), epochs=20, batch_size=64, learning_rate=0.1)
    return net.eval()


def trained_net() -> nn.Module:
    """Return a fresh copy of a network that knows the patterns; weights in channels_last."""
    return copy.deepcopy(_trained_once())


def mean_loss(net: nn.Module, batches: DataLoader) -> float:
    """Return the mean cross-entropy over a loader's data set, in eval mode."""
    images, labels = batches.dataset.tensors  # type: ignore[attr-defined]
    with torch.no_grad():
        return F.cross_entropy(net.eval()(images), labels).item()
