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
from tests.baselines._network import loader, pattern_examples, trained_net

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
    module.__dict__.update(EXAMPLES=8_000, START_WORK=(0.0,), STEP_WORK=(0.0,))
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


def note_lengths(entry: ModuleType) -> list[int]:
    """Return a list that takes the number of steps of each run from now on."""
    lengths: list[int] = []

    def noted(batches: Iterator[Tensor], n_steps: int) -> Iterator[Tensor]:
        lengths.append(n_steps)
        return islice(batches, n_steps)

    entry.__dict__["islice"] = noted
    return lengths


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


def test_what_has_no_law_of_its_own_is_shuffled(entry: ModuleType) -> None:
    layer = nn.Module()
    layer.position = nn.Parameter(torch.arange(50.0).view(5, 10))
    former = layer.position.detach().clone()
    entry.mix(layer, True)
    new = (layer.position.detach() - entry.KEPT * former) / (1 - entry.KEPT**2) ** 0.5
    assert not torch.allclose(new, former)
    torch.testing.assert_close(new.flatten().sort().values, former.flatten())


@pytest.mark.parametrize("is_last", [True, False])
def test_half_of_the_weights_stays_as_long_as_training_made_them(
    entry: ModuleType, is_last: bool
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer, norm = nn.Conv2d(64, 64, 3), nn.BatchNorm2d(8)
        with torch.no_grad():
            layer.weight.mul_(4.0)
        old = layer.weight.detach().clone()
        nn.init.constant_(norm.weight, 3.0)
        for each in (layer, norm):
            entry.mix(each, is_last)
    both = torch.stack([old.flatten(), layer.weight.detach().flatten()])
    # New ones are as long as they are drawn, old ones four times as long.
    alike = 0.5 * 4 / math.hypot(0.5 * 4, 0.75**0.5)
    length = math.hypot(0.5, 0.75**0.5 / 4) if is_last else 1.0
    assert torch.corrcoef(both)[0, 1].item() == pytest.approx(alike, abs=0.02)
    assert (layer.weight.norm() / old.norm()).item() == pytest.approx(length, abs=0.01)
    assert norm.weight.tolist() == [2.0] * 8


def test_weights_of_nothing_are_no_fault(entry: ModuleType) -> None:
    layer = nn.Module()
    layer.position = nn.Parameter(torch.zeros(5, 10))
    entry.mix(layer, False)
    assert not layer.position.any()


def test_early_layers_learn_in_early_steps_alone(entry: ModuleType) -> None:
    net = build_model("small_resnet", 1, 3, seed=0).eval()
    learned: list[list[str]] = []
    step = entry.Optimizer.step

    def noted(self: object, *rates: float) -> None:
        learned.append([n for n, p in net.named_parameters() if p.dim() > 1 and p.grad is not None])
        step(self, *rates)

    entry.Optimizer.step = noted
    entry.__dict__.update(LAYER_STEPS=1e-6, EXAMPLES=2_000)
    images, labels = torch.randn(60, 1, 28, 28), torch.arange(60) % 3
    batches = DataLoader(list(zip(images, labels, strict=True)))
    entry.unlearning(net, batches, batches, batches)
    late = ["hidden.linear.weight", "fc.weight"]
    early = ["halvings.0.conv.weight", "residual.conv.weight", *late]
    n_early = int(entry.EARLY * len(learned))
    assert learned == [early] * n_early + [late] * (len(learned) - n_early)
    state = net.state_dict()
    tracked = [state[f"{n}.bn.num_batches_tracked"].item() for n in ("residual", "hidden")]
    assert tracked == [n_early, len(learned)]


def test_early_steps_look_at_all_of_the_forget_set(entry: ModuleType) -> None:
    seen: list[Tensor] = []
    mean_surprise = entry.surprise

    def surprise(logits: Tensor, labels: Tensor) -> Tensor:
        assert len(logits) == len(labels)
        seen.append(labels)
        found: Tensor = mean_surprise(logits, labels)
        return found

    lengths = note_lengths(entry)
    entry.__dict__["surprise"] = surprise
    call(entry, trained_net())
    assert len(seen) == int(entry.EARLY * lengths[0])
    gone = pattern_examples(9, seed=3).labels
    once = torch.cat(seen[: len(gone) // len(seen[0])])
    assert (once.bincount(minlength=3) <= gone.bincount(minlength=3)).all()
    assert len(once) > 0.7 * len(gone)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_the_original_does_not_know_is_not_led_away_from(
    entry: ModuleType, is_known: bool
) -> None:
    gone = pattern_examples(9, seed=3)
    forget = gone if is_known else Examples(gone.images, (gone.labels + 1) % 3)
    states = []
    for weight in (0.0, 1.0):
        entry.__dict__["surprise"] = lambda logits, labels, weight=weight: weight * logits.mean()
        states.append(call(entry, trained_net(), forget=forget).state_dict())
    is_same = all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert is_same != is_known


def test_no_example_is_pushed_beyond_one_and_a_half_times_the_loss_of_guessing(
    entry: ModuleType,
) -> None:
    logits = torch.tensor([[0.0, 9.0], [1.0, 0.0], [0.0, 0.3]], requires_grad=True)
    loss = entry.surprise(logits, torch.tensor([0, 0, 0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0].tolist() == [0.0, 0.0]
    assert gradient[2, 0] < gradient[1, 0] < 0
    each = [1.5 * math.log(2), math.log(1 + math.exp(-1)), math.log(1 + math.exp(0.3))]
    assert loss.item() == pytest.approx(sum(each) / 3)


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


def test_where_there_are_many_steps_all_are_plain(entry: ModuleType) -> None:
    sizes: list[int] = []
    optimizer = entry.Optimizer

    def noted(net: nn.Module, work: dict[nn.Module, int], batch_size: int) -> object:
        made = optimizer(net, work, batch_size)
        sizes.append(len(made.matrices))
        return made

    entry.__dict__["Optimizer"] = noted
    call(entry, trained_net())
    entry.__dict__["FEW_STEPS"] = 1
    call(entry, trained_net())
    assert sizes[0] > sizes[1] == 0


def test_wide_layers_take_plain_steps(entry: ModuleType) -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.Flatten(), nn.Linear(144, 99),
                        nn.Linear(99, 3))  # fmt: skip
    work, order = entry.look_at(net, torch.randn(1, 1, 6, 6))
    assert (list(work), order) == ([net[0], net[2], net[3]], [*net, net])
    assert entry.Optimizer(net, work, batch_size=2).matrices == [net[0].weight]


def test_work_counts_the_passes_that_are_made(entry: ModuleType) -> None:
    net = trained_net()
    whole, order = entry.look_at(net, torch.randn(1, 1, 6, 6))
    kept = entry.before(list(whole), order, 3)
    assert kept >= set(net.stem)  # type: ignore[arg-type]
    for layer in kept:
        layer.requires_grad_(False)
    work, _ = entry.look_at(net, torch.randn(1, 1, 6, 6))
    assert (whole[net.stem[0]], work[net.stem[0]]) == (2 * 9 * 144, 9 * 144)  # type: ignore[index]
    assert (whole[net.widen], work[net.widen]) == (3 * 4 * 216, 2 * 4 * 216)


def test_the_length_follows_from_arithmetic(entry: ModuleType) -> None:
    lengths = note_lengths(entry)
    call(entry, trained_net())
    entry.__dict__["SHARE"] *= 2
    call(entry, trained_net())
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=1)
    assert lengths[0] > entry.MIN_STEPS[0]
    entry.__dict__["STEP_WORK"] = (1e9,)
    call(entry, trained_net())
    assert lengths[2] == entry.MIN_STEPS[0]


def test_without_the_way_back_the_forget_set_decides_how_long_the_classifier_is_alone(
    entry: ModuleType,
) -> None:
    entry.__dict__["AWAY"] = 0.0
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


def test_margins_are_known_by_their_size_where_half_are_wrong(entry: ModuleType) -> None:
    logits = torch.tensor([[4.0, 0.0]]).repeat(10, 1)
    labels = torch.tensor([0, 1] * 5)
    assert entry.median_margin(nn.Identity(), logits, labels).item() == 4.0


@pytest.mark.parametrize(("n_channels", "least"), [(1, 60), (3, 100)])
def test_images_with_colours_are_taken_for_more_passes(
    entry: ModuleType, n_channels: int, least: int
) -> None:
    lengths = note_lengths(entry)
    entry.__dict__.update(EXAMPLES=1, EPOCHS=((60, 100),), MIN_STEPS=(1,))
    entry.__dict__.update(AWAY=0.0, KEPT=1.0, EARLY=0.0)
    net = build_model("small_cnn", n_channels, 3, seed=0)
    grey = pattern_examples(60, seed=1)
    retain = loader(Examples(grey.images.repeat(1, n_channels, 1, 1), grey.labels))
    entry.unlearning(net, retain, retain, retain)
    whole = entry.SHARE * least * 60 / 32
    # Steps cost less than of the whole network, since its first layer is not trained.
    assert whole <= lengths[0] < 1.6 * whole


def test_margins_are_held_back_by_what_is_not_fitted_alone(entry: ModuleType) -> None:
    net = nn.Identity()
    kept = torch.eye(2).repeat(20, 1), torch.tensor([0, 1] * 19 + [1, 1])
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(net, kept, 1.0, gone) == 1.0
    not_fitted = entry.held_back(net, kept, 1.0, (gone[0], 1 - gone[1]))
    # One of 40 is wrong in retain, and three of 42 with forget.
    assert not_fitted == pytest.approx(math.log(39) / math.log(13), rel=0.01)


def test_retain_is_not_looked_at_where_forget_is_fitted(entry: ModuleType) -> None:
    seen: list[int] = []

    class Counting(nn.Identity):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(len(images))
            return images

    kept = torch.eye(2).repeat(20, 1), torch.tensor([1, 0] * 20)
    gone = torch.eye(2), torch.tensor([0, 1])
    assert entry.held_back(Counting(), kept, 1.0, gone) == 1.0
    assert not seen
    entry.held_back(Counting(), kept, 1.0, (gone[0], torch.tensor([0, 0])))
    assert sum(seen) == 40
