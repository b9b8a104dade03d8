"""The architectures that tasks name, each a function `(n_channels, n_classes) -> nn.Module`.

This file and `families` are part of the program that runs submissions, so they import nothing of
the kit. Initial weights are drawn from torch's global generator; `build_model` seeds it for one
model and puts it back. No layer draws random numbers in its forward pass and none works in place,
so that models can be stacked.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .families import FAMILIES, family_member

Architecture = Callable[[int, int], nn.Module]


class ConvNorm(nn.Module):
    """A convolution of 3x3, BatchNorm and ReLU; with stride 2 the image is halved."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(n_out)

    def forward(self, images: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(images)))


class LinearNorm(nn.Module):
    """A linear layer, BatchNorm and ReLU."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out, bias=False)
        self.bn = nn.BatchNorm1d(n_out)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.bn(self.linear(features)))


class SmallResNet(nn.Module):
    """Convolutions that halve the image, a residual one, and linear layers over a grid of means.

    Widths are multiples of 16, below which a convolution costs hardly less on a CPU: a step is
    arithmetic, and only a small part of it what Python, autograd and optimiser need.

    Reference: He et al. 2016, arXiv 1512.03385.
    """

    def __init__(
        self,
        n_channels: int,
        n_classes: int,
        widths: tuple[int, ...],
        *,
        kernel: int,
        stride: int,
        grid: int,
        n_hidden: int,
    ) -> None:
        """Build the network.

        Args:
            n_channels: of the images.
            n_classes: outputs.
            widths: channels of the first convolution and of those that halve.
            kernel: side of the first convolution.
            stride: of the first convolution.
            grid: side of the grid that the last image is averaged to.
            n_hidden: units between grid and outputs.
        """
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, widths[0], kernel, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.halvings = nn.Sequential(*(ConvNorm(a, b, 2) for a, b in pairwise(widths)))
        self.residual = ConvNorm(widths[-1], widths[-1], 1)
        self.pool = nn.AdaptiveAvgPool2d(grid)
        n_features = widths[-1] * grid**2
        self.hidden = LinearNorm(n_features, n_hidden)
        self.fc = nn.Linear(n_hidden, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.halvings(F.relu(self.bn1(self.conv1(images))))
        hidden = self.pool(hidden + self.residual(hidden))
        # Channels vary fastest, as they lie in channels_last memory: in the other order gradients
        # come back transposed, which the layer before reads slowly.
        return self.fc(self.hidden(hidden.permute(0, 2, 3, 1).flatten(1)))


class SmallCNN(nn.Module):
    """Two convolutions, the second of which halves the image, and a linear layer.

    Few layers with much to do each: what Python, autograd and optimiser need goes by the layer.
    """

    def __init__(self, n_channels: int, n_classes: int, width: int, grid: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.halving = ConvNorm(width, width, 2)
        self.pool = nn.AdaptiveAvgPool2d(grid)
        self.fc = nn.Linear(width * grid**2, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.pool(self.halving(F.relu(self.bn1(self.conv1(images)))))
        return self.fc(hidden.permute(0, 2, 3, 1).flatten(1))


class Block(nn.Module):
    """A convolution, a maximum that halves the image, then a residual convolution.

    BatchNorm and GELU come after each, behind the maximum: there they have a quarter of the work.
    At the start the first channels of a convolution are those of its input.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        for layer in (self.conv1, self.conv2):
            nn.init.dirac_(layer.weight.data[: layer.in_channels])

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.gelu(self.bn1(self.pool(self.conv1(images))))
        return hidden + F.gelu(self.bn2(self.conv2(hidden)))


class FastResNet(nn.Module):
    """Patches of 2x2, residual blocks that halve the image, a maximum over what is left.

    The patches start in the cosine basis of their colours, rows and columns, each function with
    its negative. That is near the basis of their principal components, and behind it BatchNorm
    whitens them without having seen an image.

    References: D. Page, How to Train Your ResNet, 2018, part 4 (residual blocks after a halving
    convolution, maximum instead of average before the classifier, outputs scaled by 1/8);
    K. Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU, arXiv 2404.00498 (whitened patches
    of 2x2, convolutions that start as the identity, pooling behind a block's first convolution).
    """

    def __init__(
        self, n_channels: int, n_classes: int, widths: tuple[int, ...], scale: float
    ) -> None:
        """Build the network.

        Args:
            n_channels: of the images.
            n_classes: outputs.
            widths: channels of each block.
            scale: factor on the outputs.
        """
        super().__init__()
        stem = 2 * 2 * 2 * n_channels
        self.conv1 = nn.Conv2d(n_channels, stem, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        sizes = zip((stem, *widths), widths, strict=False)
        self.blocks = nn.Sequential(*(Block(a, b) for a, b in sizes))
        self.fc = nn.Linear(widths[-1], n_classes)
        self.scale = scale
        colours, pixels = cosine_basis(n_channels), cosine_basis(2)
        patches = torch.einsum("ac,bi,dj->abdcij", colours, pixels, pixels).flatten(0, 2)
        self.conv1.weight.data.copy_(torch.cat([patches, -patches]))

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.blocks(F.gelu(self.bn1(self.conv1(images))))
        return self.fc(hidden.amax((2, 3))) * self.scale


def cosine_basis(size: int) -> Tensor:
    """Return `(size, size)`: the rows are the orthonormal cosine basis, lowest frequency first."""
    position = torch.arange(size) + 0.5
    basis = torch.cos(torch.pi / size * torch.arange(size)[:, None] * position)
    return basis / basis.norm(dim=1, keepdim=True)


def small_cnn(n_channels: int, n_classes: int) -> nn.Module:
    """Return the model of the default task: 8x8 images, two convolutions of 64 channels."""
    return SmallCNN(n_channels, n_classes, 64, grid=2)


def small_resnet(n_channels: int, n_classes: int) -> nn.Module:
    """Return a ResNet for 28x28 images on a laptop.

    Its hidden layer costs little and memorises much, so that there is something to forget.
    """
    return SmallResNet(n_channels, n_classes, (16, 32), kernel=5, stride=3, grid=5, n_hidden=512)


def fast_resnet(n_channels: int, n_classes: int) -> nn.Module:
    """Return a small ResNet for 32x32 images that learns in few epochs on a GPU."""
    return FastResNet(n_channels, n_classes, (64, 256, 256), scale=0.125)


def resnet18(n_channels: int, n_classes: int) -> nn.Module:
    """Return torchvision's ResNet-18, the network of the 2023 challenge.

    Its ReLUs are made to work out of place; the function that it computes is the same.
    """
    from torchvision.models import resnet18 as torchvision_resnet18

    if n_channels != 3:
        raise ValueError(f"`resnet18` takes images of 3 channels, got {n_channels}")
    net = torchvision_resnet18(weights=None, num_classes=n_classes)
    for layer in net.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    return net


ARCHITECTURES: dict[str, Architecture] = {
    "small_cnn": small_cnn,
    "small_resnet": small_resnet,
    "fast_resnet": fast_resnet,
    "resnet18": resnet18,
}


def build_model(architecture: str, n_channels: int, n_classes: int, seed: int) -> nn.Module:
    """Return a freshly initialised model on the CPU, a function of the seed alone.

    Raises:
        ValueError: the architecture is unknown.
    """
    build = ARCHITECTURES.get(architecture) or family_member(architecture)
    if build is None:
        sized = [f"{name}_DEPTHxWIDTH" for name in sorted(FAMILIES)]
        known = [*sorted(ARCHITECTURES), *sized]
        raise ValueError(f"`architecture` must be one of {known}, got {architecture!r}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(n_channels, n_classes)
