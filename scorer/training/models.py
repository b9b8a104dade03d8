"""The architectures that tasks name, each a function `(n_channels, n_classes) -> nn.Module`.

Initial weights are drawn from torch's global generator; `build_model` seeds it for one model and
puts it back. No layer draws random numbers in its forward pass and none works in place, so that
models can be stacked.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Architecture = Callable[[int, int], nn.Module]


class SmallCNN(nn.Module):
    """Two strided convolutions with BatchNorm and one linear layer, for images of 8x8 and more.

    Strides in place of pooling: a quarter of the work, nearly the same accuracy (98.7 against
    98.8 % of 497 digits, mean of 16 models each), and all layers stay fast when stacked.
    """

    def __init__(self, n_channels: int, n_classes: int, widths: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, widths[0], 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.conv2 = nn.Conv2d(widths[0], widths[1], 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(widths[1])
        self.fc = nn.Linear(widths[1] * 4, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.bn1(self.conv1(images)))
        hidden = F.relu(self.bn2(self.conv2(hidden)))
        if hidden.shape[-1] > 2:
            hidden = F.adaptive_max_pool2d(hidden, 2)
        return self.fc(hidden.flatten(1))


class Block(nn.Module):
    """A convolution that halves the image, then a residual one; BatchNorm and ReLU after each.

    With `pooled` the image is halved by a maximum before BatchNorm and ReLU, else by a stride,
    which costs a quarter of the work and some accuracy.
    """

    def __init__(self, n_in: int, n_out: int, *, pooled: bool) -> None:
        super().__init__()
        stride = 1 if pooled else 2
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.pool = nn.MaxPool2d(2) if pooled else nn.Identity()
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.bn1(self.pool(self.conv1(images))))
        return hidden + F.relu(self.bn2(self.conv2(hidden)))


class SmallResNet(nn.Module):
    """A stem, residual blocks that halve the image, a maximum over a grid, and a linear layer.

    Reference: D. Page, How to Train Your ResNet, 2018, part 4 (residual blocks after a halving
    convolution, maximum instead of average before the classifier, outputs scaled by 1/8).
    """

    def __init__(
        self,
        n_channels: int,
        n_classes: int,
        stem: int,
        widths: tuple[int, ...],
        *,
        pooled: bool,
        grid: int,
        scale: float,
    ) -> None:
        """Build the network.

        Args:
            n_channels: of the images.
            n_classes: outputs.
            stem: channels of the first convolution.
            widths: channels of each block.
            pooled: halve by pooling, and leave the stem at full resolution; else by strides.
            grid: side of the grid over which maxima are taken before the linear layer.
            scale: factor on the outputs.
        """
        super().__init__()
        stride = 1 if pooled else 2
        self.conv1 = nn.Conv2d(n_channels, stem, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        sizes = zip((stem, *widths), widths, strict=False)
        self.blocks = nn.Sequential(*(Block(a, b, pooled=pooled) for a, b in sizes))
        self.grid = grid
        self.fc = nn.Linear(widths[-1] * grid * grid, n_classes)
        self.scale = scale

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.blocks(F.relu(self.bn1(self.conv1(images))))
        hidden = F.adaptive_max_pool2d(hidden, self.grid)
        return self.fc(hidden.flatten(1)) * self.scale


def digits_cnn(n_channels: int, n_classes: int) -> nn.Module:
    """Return the model of the default task: 8 and 16 channels."""
    return SmallCNN(n_channels, n_classes, (8, 16))


def small_resnet(n_channels: int, n_classes: int) -> nn.Module:
    """Return a small strided ResNet for 28x28 images on a laptop: stem 16, widths 16, 32."""
    return SmallResNet(n_channels, n_classes, 16, (16, 32), pooled=False, grid=2, scale=1.0)


def fast_resnet(n_channels: int, n_classes: int) -> nn.Module:
    """Return a ResNet-9 kind of model for 32x32 images, trained in few epochs on a GPU."""
    return SmallResNet(n_channels, n_classes, 64, (128, 256, 512), pooled=True, grid=1, scale=0.125)


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
    "digits_cnn": digits_cnn,
    "small_resnet": small_resnet,
    "fast_resnet": fast_resnet,
    "resnet18": resnet18,
}


def build_model(architecture: str, n_channels: int, n_classes: int, seed: int) -> nn.Module:
    """Return a freshly initialised model on the CPU, a function of the seed alone.

    Raises:
        ValueError: the architecture is unknown.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(
            f"`architecture` must be one of {sorted(ARCHITECTURES)}, got {architecture!r}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ARCHITECTURES[architecture](n_channels, n_classes)
