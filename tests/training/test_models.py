"""Architectures: shapes, seeds, and what stacking forbids."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from scorer.training.models import ARCHITECTURES, build_model
from tests.training._common import state_bytes

SHAPES = {
    "small_cnn": (1, 8, 8),
    "small_resnet": (1, 28, 28),
    "fast_resnet": (3, 32, 32),
    "resnet18": (3, 32, 32),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_one_output_a_class_and_a_gradient_for_every_parameter(name: str) -> None:
    net = build_model(name, SHAPES[name][0], 7, seed=0)
    logits = net(torch.randn(2, *SHAPES[name]))
    assert logits.shape == (2, 7)
    logits.square().sum().backward()
    for parameter in net.parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0


def test_small_networks_take_larger_images_too() -> None:
    assert build_model("small_cnn", 1, 10, 0)(torch.randn(2, 1, 28, 28)).shape == (2, 10)
    assert build_model("small_resnet", 3, 10, 0)(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("name", ["small_cnn", "small_resnet"])
def test_weights_are_a_function_of_the_seed_alone(name: str) -> None:
    torch.manual_seed(1)
    first = build_model(name, 1, 10, seed=5)
    torch.manual_seed(2)
    expected = torch.rand(3, generator=torch.Generator().manual_seed(2))
    assert state_bytes(build_model(name, 1, 10, seed=5)) == state_bytes(first)
    assert state_bytes(build_model(name, 1, 10, seed=6)) != state_bytes(first)
    assert torch.equal(torch.rand(3), expected), "the caller's random numbers moved"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_nothing_in_place_and_nothing_random(name: str) -> None:
    for layer in build_model(name, SHAPES[name][0], 10, 0).modules():
        assert not getattr(layer, "inplace", False)
        assert not isinstance(layer, nn.modules.dropout._DropoutNd)


def test_the_first_layer_of_fast_resnet_turns_patches_and_loses_nothing() -> None:
    patches = build_model("fast_resnet", 3, 10, seed=0).get_parameter("conv1.weight")
    positive, negative = patches.flatten(1).chunk(2)
    assert torch.equal(positive, -negative)
    torch.testing.assert_close(positive @ positive.t(), torch.eye(12))
    # The first function is the brightness of a patch, which carries most of an image.
    torch.testing.assert_close(positive[0], torch.full((12,), 12**-0.5))


def test_a_block_of_fast_resnet_starts_from_its_input() -> None:
    block = build_model("fast_resnet", 3, 10, seed=0).get_submodule("blocks.0")
    images = torch.randn(2, 24, 6, 6)
    torch.testing.assert_close(block.get_submodule("conv1")(images)[:, :24], images)


def test_resnet18_computes_what_torchvision_s_does() -> None:
    from torchvision.models import resnet18

    ours = build_model("resnet18", 3, 10, seed=0).eval()
    theirs = resnet18(weights=None, num_classes=10).eval()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(ours(images), theirs(images))


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"`architecture` must be one of .* got 'vgg'"):
        build_model("vgg", 3, 10, 0)
    with pytest.raises(ValueError, match="`resnet18` takes images of 3 channels, got 1"):
        build_model("resnet18", 1, 10, 0)
