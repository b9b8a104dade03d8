"""The steps of the entry: where they lead, which layers they train, and how many there are."""

from __future__ import annotations

import math
from itertools import islice
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from baselines.common import Examples
from scorer.training.models import build_model
from tests.baselines._network import loader, pattern_examples, trained_net
from tests.submission._entry import call, note_lengths


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


def test_every_batch_has_as_much_of_each_class(entry: ModuleType) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 23)[torch.randperm(103)]
        runs = torch.stack([torch.stack(list(islice(entry.endless(labels, 10), 22)))
                            for _ in range(50)])  # fmt: skip
    for batch in runs.view(-1, 10):
        counts = labels[batch].bincount(minlength=3)
        assert (counts - torch.tensor([50, 30, 23]) / 10.3).abs().max() < 1.5
    used = torch.stack([run[:11].flatten().bincount(minlength=103) for run in runs])
    # All in each round, and seven of them twice, whichever.
    assert ((used == 1).sum(dim=1) == 96).all()
    assert ((used == 2).sum(dim=1) == 7).all()
    assert (used - 1).sum(dim=0).max() < 12
    assert torch.equal(runs[:, 11:], runs[:, :11])
    assert len({tuple(run[0].tolist()) for run in runs}) == 50


@pytest.mark.parametrize(("n", "batch_size"), [(100, 32), (48, 32), (96, 64), (33, 32), (9, 5)])
def test_no_example_is_twice_in_a_batch(entry: ModuleType, n: int, batch_size: int) -> None:
    for batch in islice(entry.endless(torch.arange(n) % 3, batch_size), 20):
        assert len(batch.unique()) == batch_size


def test_batches_of_both_sets_go_by_their_classes(entry: ModuleType) -> None:
    seen: list[Tensor] = []
    endless = entry.endless

    def noted(labels: Tensor, batch_size: int) -> object:
        seen.append(labels)
        return endless(labels, batch_size)

    entry.__dict__["endless"] = noted
    call(entry, trained_net())
    assert len(seen) == 2
    for found, seed, n in zip(seen, (1, 3), (60, 9), strict=True):
        counts = pattern_examples(n, seed=seed).labels.bincount(minlength=3)
        assert torch.equal(found.bincount(minlength=3), counts)


def test_early_steps_look_at_all_of_the_forget_set(entry: ModuleType) -> None:
    seen: list[Tensor] = []
    mean_surprise = entry.surprise

    def surprise(logits: Tensor, labels: Tensor) -> Tensor:
        assert len(logits) == len(labels)
        seen.append(labels)
        found: Tensor = mean_surprise(logits, labels)
        return found

    lengths = note_lengths(entry)
    entry.__dict__.update(surprise=surprise, RETAIN_PER_FORGET=8)  # four of nine a batch
    call(entry, trained_net())
    assert len(seen) == int(entry.EARLY * lengths[0])
    gone = pattern_examples(9, seed=3).labels
    first = torch.cat(seen[: math.ceil(len(gone) / len(seen[0]))])
    assert (first.bincount(minlength=3) >= gone.bincount(minlength=3)).all()
    assert len(first) < 1.5 * len(gone)


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


def test_no_example_is_pushed_beyond_two_and_a_half_times_the_loss_of_guessing(
    entry: ModuleType,
) -> None:
    logits = torch.tensor([[0.0, 9.0], [1.0, 0.0], [0.0, 0.3]], requires_grad=True)
    loss = entry.surprise(logits, torch.tensor([0, 0, 0]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0].tolist() == [0.0, 0.0]
    assert gradient[2, 0] < gradient[1, 0] < 0
    each = [2.5 * math.log(2), math.log(1 + math.exp(-1)), math.log(1 + math.exp(0.3))]
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

    def noted(*args: object, all_plain: bool) -> object:
        made = optimizer(*args, all_plain=all_plain)
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
    assert entry.Optimizer(net, work, batch_size=2, all_plain=False).matrices == [net[0].weight]


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


def test_a_frozen_original_takes_as_many_steps(entry: ModuleType) -> None:
    lengths = note_lengths(entry)
    call(entry, trained_net())
    call(entry, trained_net().requires_grad_(False))
    assert lengths[0] == lengths[1] > entry.MIN_STEPS[0]


def test_a_layer_that_runs_twice_is_counted_twice(entry: ModuleType) -> None:
    layer = nn.Linear(6, 6)
    work, _ = entry.look_at(nn.Sequential(layer, layer, nn.Linear(6, 2)), torch.randn(1, 6))
    assert list(work.values()) == [2 * 36 + 3 * 36, 3 * 12]


@pytest.mark.parametrize(("n_channels", "least"), [(1, 60), (3, 100)])
def test_images_with_colours_are_taken_for_more_passes(
    entry: ModuleType, n_channels: int, least: int
) -> None:
    lengths = note_lengths(entry)
    entry.__dict__.update(EXAMPLES=1, EPOCHS=((60, 100),), MIN_STEPS=(1,))
    entry.__dict__.update(AWAY=0.0, ANEW=0.0, EARLY=0.0)
    net = build_model("small_cnn", n_channels, 3, seed=0)
    grey = pattern_examples(60, seed=1)
    retain = loader(Examples(grey.images.repeat(1, n_channels, 1, 1), grey.labels))
    entry.unlearning(net, retain, retain, retain)
    whole = entry.SHARE * least * 60 / 32
    # Steps cost less than of the whole network, since its first layer is not trained.
    assert whole <= lengths[0] < 1.6 * whole
