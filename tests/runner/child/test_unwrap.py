"""What is taken off a returned network changes nothing of what it computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune
from torch.optim.swa_utils import AveragedModel

from scorer.runner.child.unwrap import MASKS, PAIR, PARAMETRIZATIONS, STATE, TAKEN_OFF, unwrapped

IMAGES = torch.randn(5, 1, 8, 8)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 3))


def masked() -> nn.Module:
    net = network()
    prune.l1_unstructured(net[0], "weight", amount=0.3)
    prune.random_unstructured(net[0], "bias", amount=2)
    prune.global_unstructured([(net[3], "weight")], prune.L1Unstructured, amount=0.5)
    return net


def parametrized() -> nn.Module:
    net = network()
    parametrizations.spectral_norm(net[3])
    parametrizations.weight_norm(net[0])
    return net


def averaged() -> nn.Module:
    average = AveragedModel(nn.DataParallel(network()))
    average.update_parameters(nn.DataParallel(network()))
    return average


WRAPPED = {
    "nothing": (network, []),
    "parallel": (lambda: nn.DataParallel(network()), ["DataParallel around the network"]),
    "average": (
        averaged,
        ["AveragedModel around the network", "DataParallel around the network"],
    ),
    "masks": (masked, [MASKS]),
    "parametrizations": (parametrized, [PARAMETRIZATIONS]),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_network_computes_what_it_did(name: str) -> None:
    make, expected = WRAPPED[name]
    wrapped = make().eval()
    with torch.no_grad():
        before = wrapped(IMAGES)
    net, taken = unwrapped(wrapped)
    assert taken == expected and set(taken) <= set(TAKEN_OFF)
    plain = network().eval()
    plain.load_state_dict(net.state_dict())
    torch.testing.assert_close(plain(IMAGES), before)


def test_masks_are_merged_where_the_network_was_changed_in_place() -> None:
    net = masked()
    zeros = int((net[3].weight == 0).sum())
    assert unwrapped(net) == (net, [MASKS])
    assert int((net.state_dict()["3.weight"] == 0).sum()) == zeros == 216


def test_a_tuple_and_a_state() -> None:
    net = network()
    assert unwrapped((net, [1.0])) == (net, [PAIR])
    assert unwrapped([{"loss": 1.0}, net]) == (net, [PAIR])
    state, taken = unwrapped(net.state_dict())
    assert list(state) == list(net.state_dict()) and taken == [STATE]


class Own(nn.DataParallel):
    """Looks like a wrapper that changes nothing."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 2 * self.module(images)


@pytest.mark.parametrize("value", [3, None, "net", {}, {"a": 1}, (), (1, 2), Own(network())])
def test_what_is_none_of_them_comes_back(value: Any) -> None:
    assert unwrapped(value) == (value, [])


def test_two_networks_in_a_tuple_are_nobody_s_to_choose() -> None:
    pair = (network(), network())
    assert unwrapped(pair) == (pair, [])
