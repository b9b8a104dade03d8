"""The project's own entry: what it keeps, draws anew and returns, on networks of every kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import Examples
from scorer.training.models import build_model
from tests.baselines._network import loader, mean_loss, pattern_examples, trained_net

ENTRY = Path(__file__).resolve().parents[1] / "submission" / "unlearn.py"

PLAIN = nn.Sequential(
    nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Conv2d(5, 7, 3), nn.Flatten(), nn.ReLU(), nn.Linear(28, 3)
)
"""A network without normalisation, whose biases in the stem are kept as well."""

WB = ("weight", "bias")

LINEAR = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3))


@pytest.fixture
def entry() -> ModuleType:
    """Return the entry as a module of its own, with a short length."""
    module = ModuleType("entry")
    exec(compile(ENTRY.read_text(), str(ENTRY), "exec", dont_inherit=True), module.__dict__)
    module.__dict__.update(RETRAINING_EXAMPLES=8_000, START_WORK=0.0, STEP_WORK=0.0)
    return module


def call(
    entry: ModuleType, net: nn.Module, seed: int = 0, forget: Examples | None = None
) -> nn.Module:
    """Return what the entry makes of a network for small images of one channel."""
    retain, val = loader(pattern_examples(60, seed=1)), loader(pattern_examples(20, seed=2))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made: nn.Module = entry.unlearning(
            net, retain, loader(forget or pattern_examples(9, seed=3)), val
        )
    return made


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
    assert mean_loss(made, loader(pattern_examples(60, seed=1))) < 0.5


@pytest.mark.parametrize(
    ("architecture", "n_channels", "side"),
    [("small_cnn", 1, 8), ("small_resnet", 1, 28), ("fast_resnet", 3, 32), ("resnet18", 3, 32)],
)
def test_nothing_but_the_stem_is_left_of_the_original(
    entry: ModuleType, architecture: str, n_channels: int, side: int
) -> None:
    entry.__dict__.update(MIN_STEPS=1, RETRAINING_EXAMPLES=1, RETRAINING_EPOCHS=1)
    net = build_model(architecture, n_channels, 3, seed=0).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    images, labels = torch.randn(12, n_channels, side, side), torch.arange(12) % 3
    batches = DataLoader(list(zip(images, labels, strict=True)))
    made = entry.unlearning(net, batches, batches, batches)
    kept = {
        name
        for name, value in made.state_dict().items()
        if value.dim() > 1 and torch.equal(value, before[name])
    }
    assert kept == {"conv1.weight"}


def test_runs_differ_by_their_seeds_alone(entry: ModuleType) -> None:
    first, again, other = (call(entry, trained_net(), seed).fc.weight for seed in (0, 0, 1))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)


def test_what_has_no_law_of_its_own_is_shuffled(entry: ModuleType) -> None:
    layer = nn.Module()
    layer.position = nn.Parameter(torch.arange(50.0).view(5, 10))
    entry.draw_anew(layer)
    assert not torch.equal(layer.position, torch.arange(50.0).view(5, 10))
    torch.testing.assert_close(layer.position.flatten().sort().values, torch.arange(50.0))


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5)])
def test_singular_values_come_together_and_singular_vectors_stay(
    entry: ModuleType, shape: tuple[int, int]
) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix.float(), full_matrices=False)
    inside = left.T @ entry.orthogonal(matrix.float()) @ right.T
    torch.testing.assert_close(inside, torch.diag(inside.diagonal()), rtol=0, atol=1e-3)
    found = inside.diagonal()
    assert found.max() / found.min() < 0.75 * values.max() / values.min()
    assert 0.4 < found.min() < found.max() < 1.4


def test_wide_layers_take_plain_steps(entry: ModuleType) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(144, 99),
                        nn.Linear(99, 3))  # fmt: skip
    work, stem = entry.look_at(net, torch.randn(1, 1, 6, 6))
    assert (stem, list(work)) == ([net[0]], [net[0], net[2], net[3]])
    assert entry.Optimizer(net, work, batch_size=2).matrices == [net[0].weight]


def test_work_counts_the_passes_that_are_made(entry: ModuleType) -> None:
    net = trained_net()
    whole, stem = entry.look_at(net, torch.randn(1, 1, 6, 6))
    assert stem == list(net.stem)  # type: ignore[arg-type,call-overload]
    for layer in stem:
        layer.requires_grad_(False)
    work, _ = entry.look_at(net, torch.randn(1, 1, 6, 6))
    assert (whole[net.stem[0]], work[net.stem[0]]) == (2 * 9 * 144, 9 * 144)  # type: ignore[index]
    assert (whole[net.widen], work[net.widen]) == (3 * 4 * 216, 2 * 4 * 216)


def test_the_length_follows_from_arithmetic(entry: ModuleType) -> None:
    lengths: list[int] = []

    def counted(batches: Iterator[Tensor], n_steps: int) -> Iterator[Tensor]:
        lengths.append(n_steps)
        return islice(batches, n_steps)

    entry.__dict__.update(islice=counted, START_WORK=0.0, STEP_WORK=0.0)
    call(entry, trained_net())
    entry.__dict__["SHARE"] *= 2
    call(entry, trained_net())
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=1)
    assert lengths[0] > entry.MIN_STEPS
    entry.__dict__["STEP_WORK"] = 1e9
    call(entry, trained_net())
    assert lengths[2] == entry.MIN_STEPS


def test_the_forget_set_decides_how_long_the_classifier_is_and_nothing_else(
    entry: ModuleType,
) -> None:
    known = pattern_examples(9, seed=3)
    wrong = Examples(known.images, (known.labels + 1) % 3)
    usual, longer = (call(entry, trained_net(), forget=it).state_dict() for it in (known, wrong))
    for name, value in usual.items():
        if not name.startswith("fc."):
            torch.testing.assert_close(longer[name], value, rtol=0, atol=0)
    factors = torch.cat([longer[f"fc.{it}"].flatten() / usual[f"fc.{it}"].flatten() for it in WB])
    assert factors.min() > 1.1
    torch.testing.assert_close(factors, factors[:1].expand_as(factors))


def test_the_best_scale_makes_confidence_the_share_that_is_right(entry: ModuleType) -> None:
    logits = torch.tensor([[2.0, 0.0]]).repeat(10, 1)
    labels, weights = torch.tensor([0] * 8 + [1] * 2), torch.ones(10)
    assert entry.best_scale(logits, labels, weights) == pytest.approx(math.log(4) / 2, rel=0.01)
    weights[8:] = 2.0
    assert entry.best_scale(logits, labels, weights) == pytest.approx(math.log(2) / 2, rel=0.01)


def test_margins_are_held_back_by_what_is_not_fitted_alone(entry: ModuleType) -> None:
    net = nn.Identity()
    kept = torch.eye(2).repeat(20, 1), torch.tensor([0, 1] * 19 + [1, 1])
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(net, kept, 1.0, gone) == 1.0
    not_fitted = entry.held_back(net, kept, 1.0, (gone[0], 1 - gone[1]))
    # One of 40 is wrong in retain, and three of 42 with forget.
    assert not_fitted == pytest.approx(math.sqrt(math.log(39) / math.log(13)), rel=0.01)
