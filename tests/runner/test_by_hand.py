"""A whole retraining whose gradients are written out by hand costs what autograd's costs.

Each way below trains the same network as the kit's loop, step by step, without autograd: on a small
network that spares most of the time, which is overhead there, and none of the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scorer.measures import budget
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.loop import (
    ModelSeeds,
    TrainingSet,
    draw_epochs,
    initial_model,
    learning_rate_factor,
    train_models,
)
from scorer.training.models import ARCHITECTURES
from scorer.training.multiply_adds import MultiplyAdds
from scorer.training.recipe import Recipe
from tests.conftest import tiny_definition
from tests.measures._banks import simulated_evidence
from tests.measures._costs import run_costs
from tests.training._common import largest_difference

SEEDS = ModelSeeds(1, 2, 3)
EPS, FORGET = 1e-5, 0.1
"""Constants of BatchNorm."""

Backward = Callable[[Tensor], tuple[Tensor, Tensor]]


class TwoConvolutions(nn.Module):
    """Two strided convolutions with BatchNorm and a linear layer over a grid of 2x2."""

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_channels, 8, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(64, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        hidden = F.relu(self.bn1(self.conv1(images)))
        return self.fc(F.relu(self.bn2(self.conv2(hidden))).flatten(1))


def by_kernels(images: Tensor, weight: Tensor) -> tuple[Tensor, Backward]:
    """Convolve with the kernel that autograd calls, and go back with the other one."""
    how: tuple[Any, ...] = ([2, 2], [1, 1], [1, 1], False, [0, 0], 1)

    def backward(outer: Tensor) -> tuple[Tensor, Tensor]:
        mask = [images.shape[1] > 1, True, False]
        back = torch.ops.aten.convolution_backward
        inner, of_weight, _ = back(outer, images, weight, None, *how, mask)
        return inner, of_weight

    return torch.ops.aten.convolution(images, weight, None, *how), backward


def by_products(
    multiply: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[Tensor, Tensor], tuple[Tensor, Backward]]:
    """Return a convolution as a product of matrices over patches."""

    def convolve(images: Tensor, weight: Tensor) -> tuple[Tensor, Backward]:
        n, side = len(images), images.shape[-1]
        patches = F.unfold(images, 3, padding=1, stride=2).transpose(1, 2).flatten(0, 1)
        matrix = weight.flatten(1)

        def backward(outer: Tensor) -> tuple[Tensor, Tensor]:
            rows = outer.permute(0, 2, 3, 1).flatten(0, 2)
            of_weight = multiply(rows.T, patches).view_as(weight)
            if images.shape[1] == 1:
                return images, of_weight
            columns = multiply(rows, matrix).view(n, -1, matrix.shape[1]).transpose(1, 2)
            return F.fold(columns, side, 3, padding=1, stride=2), of_weight

        found = multiply(patches, matrix.T).view(n, side // 2, side // 2, -1)
        return found.permute(0, 3, 1, 2), backward

    return convolve


def by_element(left: Tensor, right: Tensor) -> Tensor:
    """Multiply matrices with no kernel that is made for it."""
    return (left[:, :, None] * right).sum(1)


CONVOLUTIONS = {
    "kernels": by_kernels,
    "matrices": by_products(torch.mm),
    "elements": by_products(by_element),
}


def normalise(hidden: Tensor, layer: nn.BatchNorm2d) -> tuple[Tensor, Callable[..., Any]]:
    """Return what BatchNorm and ReLU make of a batch, and the way back through them."""
    axes, n = (0, 2, 3), hidden.numel() // hidden.shape[1]
    mean, variance = hidden.mean(axes), hidden.var(axes, correction=0)
    layer.num_batches_tracked.add_(1)
    layer.running_mean.lerp_(mean, FORGET)
    layer.running_var.lerp_(variance * n / (n - 1), FORGET)
    scale = (variance + EPS).rsqrt()[:, None, None]
    centred = (hidden - mean[:, None, None]) * scale
    found = centred * layer.weight[:, None, None] + layer.bias[:, None, None]

    def backward(outer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outer = outer * (found > 0)
        of_bias, of_weight = outer.sum(axes), (outer * centred).sum(axes)
        rest = outer - (of_bias[:, None, None] + centred * of_weight[:, None, None]) / n
        return rest * scale * layer.weight[:, None, None], of_weight, of_bias

    return found.clamp(min=0), backward


def gradients(net: Any, convolve: Any, images: Tensor, labels: Tensor) -> list[Tensor]:
    """Return the gradient of every parameter, in their order."""
    first, back_1 = convolve(images, net.conv1.weight)
    hidden, back_2 = normalise(first, net.bn1)
    second, back_3 = convolve(hidden, net.conv2.weight)
    hidden, back_4 = normalise(second, net.bn2)
    rows = hidden.flatten(1)
    outer = torch.addmm(net.fc.bias, rows, net.fc.weight.T).softmax(1)
    outer = (outer - F.one_hot(labels, outer.shape[1])) / len(images)
    linear = [outer.T @ rows, outer.sum(0)]
    inner, *of_bn2 = back_4((outer @ net.fc.weight).view_as(hidden))
    inner, of_conv2 = back_3(inner)
    inner, *of_bn1 = back_2(inner)
    _, of_conv1 = back_1(inner)
    return [of_conv1, *of_bn1, of_conv2, *of_bn2, *linear]


@torch.no_grad()
def retrained_by_hand(data: TrainingSet, recipe: Recipe, convolve: Any) -> nn.Module:
    """Train a network as the kit does, optimiser and gradients written out."""
    net = initial_model(data, recipe, SEEDS)
    parameters = list(net.parameters())
    moments = [torch.zeros_like(parameter) for parameter in parameters]
    batches = [batch for chosen, _ in draw_epochs(len(data), recipe, SEEDS) for batch in chosen]
    for step, batch in enumerate(batches):
        rate = recipe.learning_rate * learning_rate_factor(recipe, step, len(batches))
        found = gradients(net, convolve, data.images[batch], data.labels[batch])
        for parameter, moment, gradient in zip(parameters, moments, found, strict=True):
            gradient = gradient + recipe.weight_decay * parameter
            moment.mul_(recipe.momentum).add_(gradient)
            parameter.sub_(rate * (gradient + recipe.momentum * moment))
    return net.eval()


@pytest.mark.parametrize(
    ("way", "least", "most"), [("kernels", 1.0, 1.2), ("matrices", 1.0, 1.4), ("elements", 1.5, 3)]
)
def test_a_retraining_written_out_by_hand_is_over_the_budget(
    way: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "two_convolutions", TwoConvolutions)
    recipe = Recipe(**{**vars(tiny_definition().recipe), "architecture": "two_convolutions"})
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(200, 1, 8, 8, generator=generator)
    data = TrainingSet(images, torch.randint(0, 10, (200,), generator=generator), 10)
    with MultiplyAdds() as counter:
        net = retrained_by_hand(data, recipe, CONVOLUTIONS[way])
    (expected,) = train_models(data, recipe, [SEEDS])
    assert largest_difference(net, expected) < 1e-3, "the same training"

    whole = retraining_multiply_adds(data, recipe)
    assert least < counter.total / whole < most
    costs = run_costs(multiply_adds=counter.total, retraining_multiply_adds=whole)
    found = budget.compute(simulated_evidence(costs=costs, budget=0.2)).values
    assert found == {"within_budget": False, "budget_verdict": "over (compute)"}
