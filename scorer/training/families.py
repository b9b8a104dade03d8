"""Architectures with their sizes in the name: `mlp_2x64`, `resnet_4x16`.

The first number is the depth, the second the width. They are for questions about capacity, which
need many networks of one kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

LARGEST_UNPOOLED_SIDE = 8
"""Pixels of a side up to which a residual network of small images keeps all of them."""


class MLP(nn.Module):
    """Hidden layers of one width with ReLU, over examples that are flattened first."""

    def __init__(self, n_inputs: int, n_classes: int, depth: int, width: int) -> None:
        super().__init__()
        sizes = [n_inputs, *[width] * depth]
        self.layers = nn.ModuleList(nn.Linear(n_in, n_out) for n_in, n_out in pairwise(sizes))
        self.fc = nn.Linear(width, n_classes)

    def forward(self, examples: Tensor) -> Tensor:
        hidden = examples.flatten(1)
        for layer in self.layers:
            hidden = F.relu(layer(hidden))
        return self.fc(hidden)


class BasicBlock(nn.Module):
    """Two convolutions of 3x3 with BatchNorm, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.bn1(self.conv1(images)))
        return F.relu(images + self.bn2(self.conv2(hidden)))


class ResNet(nn.Module):
    """A convolution that halves the image, basic blocks of one width, the mean over pixels.

    An image that is still large behind the first convolution is halved once more, as in the
    networks for large images.

    Reference: He et al. 2016, arXiv 1512.03385.
    """

    def __init__(self, n_channels: int, n_classes: int, depth: int, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, width, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(*(BasicBlock(width) for _ in range(depth)))
        self.fc = nn.Linear(width, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.bn1(self.conv1(images)))
        if hidden.shape[-1] > LARGEST_UNPOOLED_SIDE:
            hidden = F.max_pool2d(hidden, 2)
        return self.fc(self.blocks(hidden).mean((2, 3)))


FAMILIES: dict[str, Callable[[int, int, int, int], nn.Module]] = {"mlp": MLP, "resnet": ResNet}
"""By the first word of the name; called with channels, classes, depth and width."""


def family_member(architecture: str) -> Callable[[int, int], nn.Module] | None:
    """Return the network of a name with sizes in it, None where the name is of another kind.

    Example:
        >>> family_member("mlp_2x64")(2, 3).fc
        Linear(in_features=64, out_features=3, bias=True)
    """
    match = re.fullmatch(r"([a-z]+)_([1-9]\d*)x([1-9]\d*)", architecture)
    if match is None or match[1] not in FAMILIES:
        return None
    build, depth, width = FAMILIES[match[1]], int(match[2]), int(match[3])
    return lambda n_channels, n_classes: build(n_channels, n_classes, depth, width)
