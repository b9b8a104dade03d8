"""The defining step of the methods of the literature that train: relabel, ascend, distil, reset."""

from __future__ import annotations

import copy
import math
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from baselines import (
    _new_weights,
    ascent_descent,
    bad_teacher,
    budgeted_retrain,
    catastrophic_forgetting_k,
    common,
    exact_unlearning_k,
    gradient_ascent,
    l1_sparse,
    langevin,
    lotus,
    random_labels,
    salun,
    scrub,
    starting_kit,
    weight_negation,
)
from baselines.common import Examples
from tests._copies import copy_of
from tests.baselines._network import mean_loss, trained_net

Sets = dict[str, DataLoader]


class Recorder:
    """Stands in for `fine_tune`: keeps what it is called with and trains nothing."""

    def __init__(self) -> None:
        self.calls: list[tuple[Examples, dict[str, Any]]] = []

    def __call__(self, net: nn.Module, examples: Examples, **options: Any) -> None:
        self.calls.append((examples, options))


def without_training(method: ModuleType, **constants: float) -> tuple[Any, Recorder]:
    """Return a copy of a method that trains nothing, and what it would have trained on."""
    recorder = Recorder()
    return copy_of(method, fine_tune=recorder, **constants), recorder


def recording_losses(method: ModuleType, **constants: float) -> tuple[Any, list[float]]:
    """Return a copy of a method, and a list that fills with the loss of every step it makes."""
    losses = []

    class Recording(common.Descent):
        def step(self, loss: Tensor, after_backward: Any = None) -> None:
            losses.append(loss.item())
            super().step(loss, after_backward)

    return copy_of(method, Descent=Recording, **constants), losses


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_random_labels_are_drawn_anew_for_every_pass(net: nn.Module, sets: Sets) -> None:
    method, recorder = without_training(random_labels, RELABELLED_EPOCHS=2)
    method.unlearning(net, **sets)
    (first, _), (second, _), (last, _) = recorder.calls
    true = sets["forget"].dataset.tensors[1]
    assert not torch.equal(first.labels, second.labels)
    assert not torch.equal(first.labels, true)
    assert set(first.labels.tolist()) <= {0, 1, 2}
    assert torch.equal(last.labels, sets["retain"].dataset.tensors[1])


def test_gradient_ascent_climbs_the_forget_loss_and_keeps_statistics(
    net: nn.Module, sets: Sets
) -> None:
    before, given = mean_loss(net, sets["forget"]), copy.deepcopy(net.state_dict())
    copy_of(gradient_ascent, LEARNING_RATE=0.015).unlearning(net, **sets)
    assert mean_loss(net, sets["forget"]) > before
    for name, value in net.named_buffers():
        assert torch.equal(value, given[name]), name


def test_gradient_ascent_ends_once_forget_is_as_unknown_as_val(net: nn.Module, sets: Sets) -> None:
    method, losses = recording_losses(
        gradient_ascent, MAX_EPOCHS=10, BATCH_SIZE=64, LEARNING_RATE=0.015
    )
    method.unlearning(net, **sets | {"val": sets["forget"]})
    assert len(losses) == 1, "the accuracies are equal after the first pass, of one batch"
    wrong = TensorDataset(sets["val"].dataset.tensors[0], (sets["val"].dataset.tensors[1] + 1) % 3)
    method.unlearning(trained_net(), **sets | {"val": DataLoader(wrong)})
    assert len(losses) > 2, "while forget is known better than val, it goes on"


def test_ascent_descent_ascends_in_early_epochs_only(net: nn.Module, sets: Sets) -> None:
    method, losses = recording_losses(ascent_descent, EPOCHS=3.0, ASCENT_EPOCHS=2, BATCH_SIZE=64)
    method.unlearning(net, **sets)
    assert [loss < 0 for loss in losses] == [True, False, True, False, False]


def test_ascent_descent_clips_the_ascent(net: nn.Module, sets: Sets) -> None:
    method = copy_of(ascent_descent, MAX_NORM=0.0, LEARNING_RATE=0.0)
    given = copy.deepcopy(net)
    assert same_weights(method.unlearning(net, **sets), given)


def test_cf_k_moves_the_last_layers_alone(net: nn.Module, sets: Sets) -> None:
    given = copy.deepcopy(net)
    catastrophic_forgetting_k.unlearning(net, **sets)
    assert same_weights(net.stem, given.stem)
    assert not same_weights(net.block, given.block)
    assert not same_weights(net.fc, given.fc)
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_eu_k_draws_the_last_layers_anew_with_what_they_nest(net: nn.Module, sets: Sets) -> None:
    method, _ = without_training(exact_unlearning_k)
    given = copy.deepcopy(net)
    method.unlearning(net, **sets)
    assert same_weights(net.stem, given.stem)
    assert not torch.equal(net.block.conv.weight, given.block.conv.weight)
    assert torch.equal(net.block.norm.running_var, torch.ones(6))
    assert not torch.equal(net.fc.weight, given.fc.weight)


def test_scrub_measures_the_student_against_a_teacher_that_never_moves(
    net: nn.Module, sets: Sets
) -> None:
    given, kept, gone = (
        copy.deepcopy(net),
        sets["retain"].dataset.tensors[0],
        sets["forget"].dataset.tensors[0],
    )
    teacher = {len(kept): common.predict(net, kept), len(gone): common.predict(net, gone)}
    seen = []

    def recording(reference: Tensor, logits: Tensor, temperature: float) -> Tensor:
        seen.append((reference, logits.requires_grad))
        return common.divergence(reference, logits, temperature)

    copy_of(scrub, divergence=recording, ROUND_EPOCHS=1.0, BATCH_SIZE=128).unlearning(net, **sets)
    assert not same_weights(net, given)
    assert len(seen) == 5, "3 passes over retain and 2 over forget, of one batch each"
    for reference, student_learns in seen:
        rows = (reference[:, None] == teacher[len(reference)][None]).all(dim=2).any(dim=1)
        assert rows.all(), "logits other than the original's were taken for the teacher's"
        assert student_learns


@pytest.mark.parametrize("idle", ["MAX_RATE", "LEARNING_RATE"])
def test_scrub_moves_weights_by_both_of_its_steps(idle: str, net: nn.Module, sets: Sets) -> None:
    given = copy.deepcopy(net)
    copy_of(scrub, **{idle: 0.0}).unlearning(net, **sets)
    assert not same_weights(net, given), "not only BatchNorm statistics may move"


def test_scrub_rewinds_to_the_forget_accuracy_nearest_to_val(net: nn.Module, sets: Sets) -> None:
    gone, like = Examples(*sets["forget"].dataset.tensors), Examples(*sets["val"].dataset.tensors)
    known = copy.deepcopy(net.state_dict())
    forgotten = copy.deepcopy(known)
    forgotten["fc.weight"] = -forgotten["fc.weight"]
    scrub.rewind(net, [forgotten, known], gone, like)
    assert torch.equal(net.fc.weight, known["fc.weight"])
    wrong = Examples(like.images, (like.labels + 1) % 3)
    scrub.rewind(net, [forgotten, known], gone, wrong)
    assert torch.equal(net.fc.weight, forgotten["fc.weight"])


def test_bad_teacher_follows_the_original_on_retain_and_an_untrained_net_on_forget(
    net: nn.Module, sets: Sets
) -> None:
    method, recorder = without_training(bad_teacher)
    method.unlearning(net, **sets)
    ((examples, options),) = recorder.calls
    n_kept = len(sets["retain"].dataset)
    distances = [
        options["loss"](common.predict(net, image[None]), image[None], position[None]).item()
        for image, position in zip(examples.images, examples.labels, strict=True)
    ]
    assert max(distances[:n_kept]) < 1e-5
    assert min(distances[n_kept:]) > 1e-2


def test_l1_sparse_shrinks_the_sum_of_absolute_weights(sets: Sets) -> None:
    sizes = []
    for penalty in (0.0, 0.05):
        torch.manual_seed(0)
        method = copy_of(l1_sparse, PENALTY=penalty, EPOCHS=2.5, LEARNING_RATE=0.32)
        net = method.unlearning(trained_net(), **sets)
        sizes.append(sum(weight.abs().sum().item() for weight in net.parameters()))
    assert sizes[1] < 0.9 * sizes[0]


def test_salun_marks_the_largest_share_of_all_weights_together() -> None:
    masks = salun.salient([torch.tensor([[1.0, -9.0]]), torch.tensor([0.5, 8.0])], 0.5)
    assert [mask.tolist() for mask in masks] == [[[False, True]], [False, True]]


def test_salun_moves_no_weight_outside_its_mask(net: nn.Module, sets: Sets) -> None:
    given = copy.deepcopy(net)
    gradients = common.mean_gradients(net, Examples(*sets["forget"].dataset.tensors))
    masks = salun.salient(gradients, 0.5)
    copy_of(salun, SALIENT_SHARE=0.5).unlearning(net, **sets)
    n_moved = 0
    for new, old, mask in zip(net.parameters(), given.parameters(), masks, strict=True):
        assert torch.equal(new[~mask], old[~mask])
        n_moved += int((new[mask] != old[mask]).sum())
    assert n_moved > 0.9 * sum(int(mask.sum()) for mask in masks)


def test_lotus_targets_are_soft_on_forget_and_hard_on_retain() -> None:
    logits, gone = torch.zeros(400, 4), torch.arange(400) < 200
    torch.manual_seed(0)
    cool, warm = (lotus.smoothed(logits, gone, temperature) for temperature in (0.5, 5.0))
    assert torch.allclose(warm.sum(1), torch.ones(400))
    assert set(warm[~gone].flatten().tolist()) == {0.0, 1.0}
    assert warm[gone].max(dim=1).values.mean() < 0.5 < cool[gone].max(dim=1).values.mean()


def test_lotus_stops_once_forget_is_known_less_than_val(net: nn.Module, sets: Sets) -> None:
    wrong = TensorDataset(
        sets["forget"].dataset.tensors[0], (sets["forget"].dataset.tensors[1] + 1) % 3
    )
    given = copy.deepcopy(net)
    assert same_weights(lotus.unlearning(net, **sets | {"forget": DataLoader(wrong)}), given)
    lotus.unlearning(net, **sets)
    assert not same_weights(net, given)


def test_langevin_stays_within_its_ball(net: nn.Module, sets: Sets) -> None:
    method, _ = without_training(langevin, RADIUS=0.5)
    start = torch.nn.utils.get_total_norm(net.parameters()).item()
    torch.manual_seed(0)
    method.unlearning(net, **sets)
    assert torch.nn.utils.get_total_norm(net.parameters()).item() <= 0.5 * start * (1 + 1e-5)


def test_langevin_adds_noise_at_every_step(net: nn.Module, sets: Sets) -> None:
    method, _ = without_training(
        langevin,
        RADIUS=10.0,
        MAX_NORM=0.0,
        NOISY_EPOCHS=2,
        BATCH_SIZE=64,
        NOISY_RATE=0.1,
        NOISE=0.04,
    )
    given = copy.deepcopy(net)
    torch.manual_seed(0)
    method.unlearning(net, **sets)
    pairs = zip(net.parameters(), given.parameters(), strict=True)
    noise = torch.cat([(new - old).flatten() for new, old in pairs])
    n_steps = 2  # epochs of one batch
    expected = math.sqrt(2 * 0.1 * n_steps) * 0.04
    assert noise.std().item() == pytest.approx(expected, rel=0.1)


def test_weight_negation_flips_whole_filters_of_the_first_layer(net: nn.Module, sets: Sets) -> None:
    method, _ = without_training(weight_negation, NEGATED_SHARE=0.5)
    given = copy.deepcopy(net)
    method.unlearning(net, **sets)
    first, old = net.stem[0].weight, given.stem[0].weight
    assert sum(torch.equal(a, -b) for a, b in zip(first, old, strict=True)) == 2
    assert sum(torch.equal(a, b) for a, b in zip(first, old, strict=True)) == 2
    assert same_weights(net.block, given.block)
    with pytest.raises(ValueError, match="got none"):
        weight_negation.first_layer(nn.Flatten())


def test_budgeted_retrain_keeps_nothing_of_the_original(net: nn.Module, sets: Sets) -> None:
    method, _ = without_training(budgeted_retrain)
    given = copy.deepcopy(net.state_dict())
    method.unlearning(net, **sets)
    for name, value in net.state_dict().items():
        assert not torch.equal(value, given[name]), name


def test_budgeted_retrain_refuses_weights_that_it_cannot_draw_anew(sets: Sets) -> None:
    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(36))
            self.fc = nn.Linear(36, 3)

        def forward(self, images: Tensor) -> Tensor:
            return self.fc(images.flatten(1) + self.shift)

    with pytest.raises(ValueError, match="got Shifted"):
        budgeted_retrain.unlearning(Shifted(), **sets)


@pytest.mark.parametrize("scaled", [True, False])
def test_budgeted_retrain_brings_the_margins_on_val_to_the_originals(
    scaled: bool, net: nn.Module, sets: Sets
) -> None:
    unseen = Examples(*sets["val"].dataset.tensors)
    before = _new_weights.median_margin(common.predict(net, unseen.images), unseen.labels)
    method = copy_of(budgeted_retrain, SCALED=scaled, EPOCHS=4.0, BATCH_SIZE=16, LEARNING_RATE=0.1)
    torch.manual_seed(0)
    unlearned = method.unlearning(net, **sets)
    after = _new_weights.median_margin(common.predict(unlearned, unseen.images), unseen.labels)
    assert torch.isclose(before, after, rtol=1e-4) == scaled


def test_margins_that_cannot_be_scaled_are_left(net: nn.Module, sets: Sets) -> None:
    unseen = Examples(*sets["val"].dataset.tensors)
    for parameter in net.fc.parameters():
        nn.init.zeros_(parameter)
    given = copy.deepcopy(net)
    _new_weights.scale_margins(net, net.fc, unseen, torch.tensor(3.0))
    assert same_weights(net, given)


def test_margins_have_a_size_where_half_are_wrong() -> None:
    logits = torch.tensor([[4.0, 0.0]]).repeat(10, 1)
    assert _new_weights.median_margin(logits, torch.tensor([0, 1] * 5)).item() == 4.0


def test_the_starting_kit_makes_published_steps_once_round_retain(sets: Sets) -> None:
    net = trained_net()
    before = copy.deepcopy(net).train()
    small = Examples(*next(iter(sets["retain"])))
    assert len(small) <= starting_kit.BATCH_SIZE, "the test is of a single step"
    loader = DataLoader(TensorDataset(small.images, small.labels), batch_size=len(small))
    starting_kit.unlearning(net, loader, sets["forget"], sets["val"])
    F.cross_entropy(before(small.images), small.labels).backward()
    for after, start in zip(net.parameters(), before.parameters(), strict=True):
        assert start.grad is not None
        expected = start - 1e-3 * (start.grad + 5e-4 * start)
        torch.testing.assert_close(after, expected, rtol=1e-5, atol=1e-7)
