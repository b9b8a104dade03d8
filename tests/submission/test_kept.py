"""What the entry keeps of the original, mixes and returns, on networks of every kind."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines.common import Examples
from scorer.training.models import build_model
from tests.baselines._network import pattern_examples, trained_net
from tests.submission._entry import call

PLAIN = nn.Sequential(
    nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Conv2d(5, 7, 3), nn.Flatten(), nn.ReLU(), nn.Linear(28, 3)
)
"""A network without normalisation, whose biases in the stem are kept as well."""

LINEAR = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3))


def fresh(net: nn.Module) -> nn.Module:
    """Return the network with weights that were drawn by seed 7, in eval mode."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        for layer in net.modules():
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                layer.reset_parameters()
    return net.eval()


@pytest.mark.parametrize("net", [trained_net(), fresh(PLAIN), fresh(LINEAR)])
def test_a_network_learns_retain_and_is_returned_as_it_was_given(
    entry: ModuleType, net: nn.Module
) -> None:
    before = {name: value.clone() for name, value in net.state_dict().items()}
    made = call(entry, net)
    after = made.state_dict()
    assert {name: value.shape for name, value in after.items()} == {
        name: value.shape for name, value in before.items()
    }
    assert all(value.isfinite().all() for value in after.values())
    assert all(parameter.requires_grad for parameter in made.parameters())
    assert not made.training
    # Whether it is sure of that is another matter: two of these originals are of nothing.
    retain = pattern_examples(60, seed=1)
    assert (made(retain.images).argmax(dim=1) == retain.labels).float().mean() > 0.9


SHORT = {"MIN_STEPS": (1,), "EXAMPLES": 1, "EPOCHS": ((1, 1),)}
"""Values of constants that allow a step or two, too few for more layers than the last three."""


@pytest.mark.parametrize(
    ("architecture", "n_channels", "side", "first_new"),
    [
        ("small_cnn", 1, 8, "halving.conv"),
        ("small_resnet", 1, 28, "residual.conv"),
        ("fast_resnet", 3, 32, "blocks.2.conv1"),
        ("resnet18", 3, 32, "layer4.1.conv1"),
    ],
)
def test_what_few_steps_cannot_train_is_the_originals(
    entry: ModuleType, architecture: str, n_channels: int, side: int, first_new: str
) -> None:
    entry.__dict__.update(SHORT)
    kept = kept_of(entry, build_model(architecture, n_channels, 3, seed=0), side)
    layers = [name for name, is_kept in kept.items() if not is_kept]
    assert layers[0] == first_new
    assert not any(kept[name] for name in layers)


@pytest.mark.parametrize(
    ("architecture", "n_channels", "side"),
    [("small_cnn", 1, 8), ("small_resnet", 1, 28), ("fast_resnet", 3, 32), ("resnet18", 3, 32)],
)
def test_nothing_but_the_stem_stays_as_it_was_where_steps_suffice(
    entry: ModuleType, architecture: str, n_channels: int, side: int
) -> None:
    entry.__dict__.update(SHORT, LAYER_STEPS=1e-6)
    kept = kept_of(entry, build_model(architecture, n_channels, 3, seed=0), side)
    assert [name for name, is_kept in kept.items() if is_kept] == ["conv1"]


def kept_of(entry: ModuleType, net: nn.Module, side: int) -> dict[str, bool]:
    """Return by name whether the entry leaves convolutions and linear layers as they are."""
    layers = {n: m for n, m in net.eval().named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))}
    weights = {name: layer.weight.detach().clone() for name, layer in layers.items()}
    n_channels = next(iter(layers.values())).weight.shape[1]
    images, labels = torch.randn(12, n_channels, side, side), torch.arange(12) % 3
    batches = DataLoader(list(zip(images, labels, strict=True)))
    entry.unlearning(net, batches, batches, batches)
    return {name: torch.equal(layer.weight, weights[name]) for name, layer in layers.items()}


def test_what_is_kept_is_done_before_the_first_new_layer_and_whole(entry: ModuleType) -> None:
    attention = nn.MultiheadAttention(4, 2)
    first = nn.Sequential(nn.Conv2d(1, 4, 1), nn.BatchNorm2d(4))
    last = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    order = [*first, first, attention, *last, last]
    layers = [first[0], last[0], last[2]]
    kept = entry.before(layers, order, 2)
    assert kept == {first, *first, attention, attention.out_proj}
    assert entry.before(layers, order, 1) == kept | {last[0], last[1]}
    assert entry.before(layers, order, 99) == kept
    assert entry.before(layers[1:], [*last, last], 99) == set()
    assert entry.before(layers[:1], order, 99) == set()


def test_runs_differ_by_their_seeds_alone(entry: ModuleType) -> None:
    first, again, other = (call(entry, trained_net(), seed).fc.weight for seed in (0, 0, 1))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)


def test_matrices_are_drawn_as_layers_draw_them_whatever_they_belong_to(entry: ModuleType) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer, own = nn.Linear(64, 64), nn.Module()
        own.position = nn.Parameter(torch.ones(64, 64))
        for each in (layer, own):
            entry.mix(each, 0.0, True)
        as_drawn = nn.Linear(64, 64).weight
    for new in (layer.weight, own.position):
        assert new.abs().max().item() == pytest.approx(as_drawn.abs().max().item(), rel=0.01)
        assert new.std().item() == pytest.approx(as_drawn.std().item(), rel=0.05)


@pytest.mark.parametrize("is_last", [True, False])
def test_what_is_told_of_the_weights_stays_and_vectors_whole(
    entry: ModuleType, is_last: bool
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer, norm = nn.Conv2d(64, 64, 3), nn.BatchNorm2d(8)
        with torch.no_grad():
            layer.weight.mul_(4.0)
        old = layer.weight.detach().clone()
        bias = layer.bias.detach().clone()
        nn.init.constant_(norm.weight, 3.0)
        nn.init.constant_(norm.running_mean, 4.0)
        for each in (layer, norm):
            entry.mix(each, 0.5, is_last)
    both = torch.stack([old.flatten(), layer.weight.detach().flatten()])
    # New ones are as long as they are drawn, old ones four times as long.
    alike = 0.5 * 4 / math.hypot(0.5 * 4, 0.75**0.5)
    length = math.hypot(0.5, 0.75**0.5 / 4) if is_last else 1.0
    assert torch.corrcoef(both)[0, 1].item() == pytest.approx(alike, abs=0.02)
    assert (layer.weight.norm() / old.norm()).item() == pytest.approx(length, abs=0.01)
    torch.testing.assert_close(layer.bias.detach(), bias, rtol=0, atol=0)
    assert (norm.weight.tolist(), norm.running_mean.tolist()) == ([3.0] * 8, [4.0] * 8)


@pytest.mark.parametrize(("n_wrong", "kept"), [(0, 0.5), (3, 2 / 3), (9, 1.0)])
def test_as_much_more_is_kept_as_less_of_the_forget_set_was_known(
    entry: ModuleType, n_wrong: int, kept: float
) -> None:
    shares: list[float] = []
    mix = entry.mix

    def noted(layer: nn.Module, share: float, is_last: bool) -> None:
        shares.append(share)
        mix(layer, share, is_last)

    entry.__dict__["mix"] = noted
    known = pattern_examples(9, seed=3)
    is_wrong = (torch.arange(9) < n_wrong).long()
    call(entry, trained_net(), forget=Examples(known.images, (known.labels + is_wrong) % 3))
    assert shares
    assert shares == pytest.approx([kept] * len(shares))


def test_weights_of_nothing_are_no_fault(entry: ModuleType) -> None:
    layer = nn.Module()
    layer.position = nn.Parameter(torch.zeros(5, 10))
    for kept in (0.5, 1.0):
        entry.mix(layer, kept, False)
        assert layer.position.isfinite().all()
        assert not layer.position.any()
