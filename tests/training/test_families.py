"""Architectures with sizes in their names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from scorer.training.families import family_member
from scorer.training.models import ARCHITECTURES, build_model


@pytest.mark.parametrize(("name", "depth", "width"), [("mlp_1x8", 1, 8), ("mlp_3x16", 3, 16)])
def test_an_mlp_has_its_sizes(name: str, depth: int, width: int) -> None:
    net = build_model(name, 2, 3, seed=0)
    hidden = [layer for layer in net.modules() if isinstance(layer, nn.Linear)][:-1]
    assert [layer.out_features for layer in hidden] == [width] * depth
    assert net(torch.zeros(5, 2)).shape == (5, 3)


@pytest.mark.parametrize("side", [8, 28])
@pytest.mark.parametrize(("depth", "width"), [(1, 8), (4, 16)])
def test_a_resnet_has_its_sizes(depth: int, width: int, side: int) -> None:
    net = build_model(f"resnet_{depth}x{width}", 1, 10, seed=0)
    convolutions = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 1 + 2 * depth
    assert {layer.out_channels for layer in convolutions} == {width}
    assert net(torch.zeros(3, 1, side, side)).shape == (3, 10)


@pytest.mark.parametrize("name", ["mlp", "mlp_2x", "mlp_0x8", "vgg_2x8", "mlp_2x8_more", ""])
def test_other_names_are_of_no_family(name: str) -> None:
    assert family_member(name) is None
    with pytest.raises(ValueError, match=r"mlp_DEPTHxWIDTH.*got"):
        build_model(name, 2, 2, seed=0)


def test_no_named_architecture_is_of_a_family() -> None:
    assert not [name for name in ARCHITECTURES if family_member(name)]


def test_a_seed_gives_the_same_network() -> None:
    first, second = (build_model("resnet_1x8", 1, 2, seed=3).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
