"""Losses between two networks, where they can be worked out by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scorer.metric.barrier import loss_barriers
from scorer.training.line import N_POINTS, estimate_statistics, losses_on_line
from scorer.training.models import build_model

IMAGES = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(40) % 10


def state_of(net: nn.Module) -> dict[str, Tensor]:
    return {name: each.clone() for name, each in net.state_dict().items()}


def test_a_network_with_itself_has_no_barrier() -> None:
    net = build_model("small_cnn", 1, 10, seed=0)
    losses = losses_on_line(net, state_of(net), state_of(net), [(IMAGES, LABELS)], IMAGES)
    assert losses.shape == (N_POINTS, 1) and np.ptp(losses) == 0.0 < losses[0, 0]
    np.testing.assert_array_equal(loss_barriers(losses.T), [0.0])


def test_losses_between_linear_networks_are_those_of_the_formula() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False))
    start = {"1.weight": torch.tensor([[3.0], [0.0]])}
    end = {"1.weight": torch.tensor([[-1.0], [0.0]])}
    one = torch.ones(1, 1, 1, 1)
    sets = [(one, torch.tensor([0])), (one, torch.tensor([1]))]
    found = losses_on_line(net, start, end, sets, one)
    margin = 3.0 - 4.0 * np.linspace(0.0, 1.0, N_POINTS)
    expected = np.logaddexp(0.0, np.stack([-margin, margin], axis=1))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # The loss of a linear network is convex.
    np.testing.assert_array_equal(loss_barriers(found.T), [0.0, 0.0])


class Square(nn.Module):
    """Its margin is the square of its weight, so that both signs of it are one network."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: Tensor) -> Tensor:
        margin = self.weight**2 * images.flatten(1)
        return torch.cat([margin, torch.zeros_like(margin)], dim=1)


def test_two_ends_of_one_function_have_the_barrier_of_its_middle() -> None:
    ends = {"weight": torch.tensor(2.0)}, {"weight": torch.tensor(-2.0)}
    sets = [(torch.ones(1, 1, 1, 1), torch.tensor([0]))]
    losses = losses_on_line(Square(), *ends, sets, sets[0][0])
    expected = np.log(2.0) - np.log1p(np.exp(-4.0))
    np.testing.assert_allclose(loss_barriers(losses.T), [expected], rtol=1e-6)


def test_statistics_of_batch_norm_are_those_of_each_point() -> None:
    net = build_model("small_cnn", 1, 10, seed=0)
    start, end = state_of(net), state_of(net)
    # What BatchNorm takes away again: no network on this line is another one.
    end["conv1.weight"] *= 5.0
    end["bn1.running_var"] *= 1000.0
    losses = losses_on_line(net, start, end, [(IMAGES, LABELS)], IMAGES)
    np.testing.assert_allclose(losses, losses[0, 0], rtol=1e-3)
    assert not any(module.training for module in net.modules())


def test_statistics_are_those_of_the_sample_and_the_pace_stays() -> None:
    layer = nn.BatchNorm1d(3).eval()
    sample = torch.randn(50, 3, generator=torch.Generator().manual_seed(1))
    estimate_statistics(layer, sample)
    torch.testing.assert_close(layer.running_mean, sample.mean(dim=0))
    torch.testing.assert_close(layer.running_var, sample.var(dim=0))
    assert layer.momentum == 0.1 and not layer.training
    plain = nn.Linear(3, 2)
    before = copy.deepcopy(plain.state_dict())
    estimate_statistics(plain, sample)
    torch.testing.assert_close(plain.state_dict(), before)


@pytest.mark.parametrize("name", ["conv1.weight", "bn1.running_mean"])
def test_states_are_not_changed(name: str) -> None:
    nets = [build_model("small_cnn", 1, 10, seed=seed) for seed in (0, 1)]
    states = [state_of(net) for net in nets]
    losses_on_line(nets[0], *states, [(IMAGES, LABELS)], IMAGES)
    torch.testing.assert_close(states[1][name], nets[1].state_dict()[name])
    torch.testing.assert_close(
        states[0][name], build_model("small_cnn", 1, 10, seed=0).state_dict()[name]
    )
