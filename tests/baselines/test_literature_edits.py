"""The defining step of the methods of the literature that edit weights or make data up."""

from __future__ import annotations

import copy
from types import ModuleType

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines import (
    amun,
    boundary_expand,
    boundary_shrink,
    common,
    delete,
    fisher,
    influence,
    jit,
    lfssd,
    natmu,
    ssd,
    unsir,
)
from baselines.common import Examples
from tests._copies import copy_of
from tests.baselines._network import loader, mean_loss, pattern_examples, trained_net

Sets = dict[str, DataLoader]


@pytest.mark.parametrize("method", [ssd, lfssd])
def test_dampening_grows_no_weight_and_stops_at_its_threshold(
    method: ModuleType, net: nn.Module, sets: Sets
) -> None:
    given = copy.deepcopy(net)
    copy_of(method, THRESHOLD=1.0).unlearning(net, **sets)
    for new, old in zip(net.parameters(), given.parameters(), strict=True):
        assert (new * old >= 0).all() and (new.abs() <= old.abs()).all()
    assert not torch.equal(net.fc.weight, given.fc.weight)
    unchanged = copy_of(method, THRESHOLD=torch.inf).unlearning(trained_net(), **sets)
    assert torch.equal(unchanged.fc.weight, given.fc.weight)


def test_lfssd_reads_no_label(sets: Sets) -> None:
    method = copy_of(lfssd, THRESHOLD=1.0)
    weights = []
    for shift in (0, 1):
        images, labels = sets["forget"].dataset.tensors
        shifted = loader(Examples(images, (labels + shift) % 3))
        torch.manual_seed(0)
        weights.append(method.unlearning(trained_net(), **sets | {"forget": shifted}).fc.weight)
    assert torch.equal(*weights)


def test_fisher_curvature_of_a_linear_classifier_has_its_closed_form() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    examples = pattern_examples(12, seed=0)
    found = fisher.curvature(net, examples, 3)
    shares = net(examples.images).softmax(1).detach()
    spread = shares * (1 - shares)
    expected = torch.einsum("nk,nj->kj", spread, examples.images.flatten(1).square()) / 12
    assert torch.allclose(found["1.weight"], expected, rtol=1e-4)
    assert torch.allclose(found["1.bias"], spread.mean(0), rtol=1e-4)


def test_fisher_noise_has_the_variance_that_the_bound_leaves(net: nn.Module, sets: Sets) -> None:
    given = copy.deepcopy(net)
    bounded = copy_of(fisher, MAX_VARIANCE=1e-3, NOISE=0.1)  # below the inverse of any curvature
    torch.manual_seed(0)
    bounded.unlearning(net, **sets)
    noise = net.block.conv.weight - given.block.conv.weight
    assert noise.std().item() == pytest.approx(1e-2, rel=0.15)


def test_inverse_fisher_solves_the_damped_system() -> None:
    torch.manual_seed(0)
    gradients, vector = torch.randn(3, 7), torch.randn(7)
    matrix = 0.5 * torch.eye(7) + gradients.T @ gradients
    found = influence.inverse_fisher(gradients, vector, 0.5)
    assert torch.allclose(matrix @ found, vector, atol=1e-5)


def test_influence_moves_away_from_forget(net: nn.Module, sets: Sets) -> None:
    gap = mean_loss(net, sets["forget"]) - mean_loss(net, sets["retain"])
    copy_of(influence, STEP=1.0, DAMPING=1.0).unlearning(net, **sets)
    assert mean_loss(net, sets["forget"]) - mean_loss(net, sets["retain"]) > gap


def test_amun_finds_close_images_that_get_another_prediction(net: nn.Module) -> None:
    examples = pattern_examples(16, seed=1)
    found = amun.nearest_adversarial(net, examples)
    assert len(found) == len(examples)
    assert (found.labels != examples.labels).all()
    assert torch.equal(common.predict(net, found.images).argmax(1), found.labels)
    distances = (found.images - examples.images).flatten(1).norm(dim=1)
    lengths = examples.images.flatten(1).norm(dim=1)
    reach = amun.FIRST_RADIUS * amun.GROWTH ** (amun.N_RADII - 1) * lengths.mean()
    assert (distances <= reach * (1 + 1e-5)).all()
    assert len(set(distances.round(decimals=2).tolist())) > 1, (
        "the easy ones stop at a small radius"
    )
    already_wrong = Examples(examples.images, (examples.labels + 1) % 3)
    assert torch.equal(amun.nearest_adversarial(net, already_wrong).images, examples.images)


def test_natmu_masks_are_ramps_and_their_complements() -> None:
    masks = copy_of(natmu, OFFSET=0.0).masks(6, 4, torch.device("cpu"))
    rows, columns, other_rows, other_columns = masks
    assert torch.allclose(rows[:, 0], torch.tensor([0.0, 1, 2, 2, 1, 0]) / 3)
    assert torch.allclose(columns[0], torch.tensor([0.0, 1, 1, 0]) / 2)
    assert torch.equal(rows + other_rows, torch.ones(6, 4))
    assert torch.equal(columns + other_columns, torch.ones(6, 4))


def test_natmu_blends_carry_the_class_of_their_retain_image(net: nn.Module) -> None:
    keeping_nothing = copy_of(natmu, OFFSET=-1.0)  # of the forget image
    kept, gone = pattern_examples(48, seed=0), pattern_examples(16, seed=1)
    found = keeping_nothing.blend(net, kept, gone)
    assert len(found) == 2 * len(gone), "3 classes leave 2 others"
    assert (found.labels != gone.labels.repeat(2)).all()
    distances = torch.cdist(found.images.flatten(1), kept.images.flatten(1))
    assert torch.equal(kept.labels[distances.argmin(dim=1)], found.labels)
    assert torch.equal(kept.images[distances.argmin(dim=1)], found.images)


def test_natmu_needs_another_class_in_retain(net: nn.Module, sets: Sets) -> None:
    one_class = Examples(torch.zeros(4, 1, 6, 6), torch.zeros(4, dtype=torch.long))
    with pytest.raises(ValueError, match="another class"):
        natmu.unlearning(net, **sets | {"retain": loader(one_class)})


def test_delete_sets_the_true_class_and_keeps_the_ratios_of_the_others() -> None:
    logits, labels, odds = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 0]), torch.randn(5)
    aims = delete.targets(logits, labels, odds)
    assert torch.allclose(aims.logsumexp(1), torch.zeros(5), atol=1e-6)
    rows = torch.arange(5)
    assert torch.allclose(aims[rows, labels], nn.functional.logsigmoid(odds))
    assert torch.allclose(aims[0, 1] - aims[0, 2], logits[0, 1] - logits[0, 2], atol=1e-5)


def test_delete_aims_at_the_confidence_of_val_examples_of_the_class() -> None:
    unseen = Examples(torch.zeros(3, 1), torch.tensor([0, 0, 1]))
    logits = torch.tensor([[2.0, 0.0], [4.0, 0.0], [0.0, -1.0]])
    found = delete.drawn_confidence(torch.tensor([0] * 50 + [1]), unseen, logits)
    assert set(found[:50].round(decimals=4).tolist()) == {2.0, 4.0}
    assert found[50].item() == pytest.approx(-1.0)


def test_delete_needs_two_classes(sets: Sets) -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 1))
    with pytest.raises(ValueError, match="at least 2 classes"):
        delete.unlearning(net, **sets)


def test_unsir_noise_is_wrong_for_the_classes_it_carries(net: nn.Module) -> None:
    examples = pattern_examples(16, seed=1)
    some = Examples(examples.images[examples.labels > 0], examples.labels[examples.labels > 0])
    torch.manual_seed(0)
    noise = unsir.error_maximising(common.frozen_copy(net), some, 0.25)
    assert set(noise.labels.tolist()) == {1, 2}
    plain = Examples(torch.randn_like(noise.images), noise.labels)
    assert mean_loss(net, loader(noise)) > mean_loss(net, loader(plain))


def test_boundary_shrink_never_gives_the_true_class(net: nn.Module) -> None:
    examples = pattern_examples(48, seed=0)
    found = boundary_shrink.nearest_other_class(net, examples, 0.1)
    assert (found != examples.labels).all()
    assert len(set(found.tolist())) > 1


def test_boundary_expand_trains_an_extra_class_and_drops_it(net: nn.Module, sets: Sets) -> None:
    given = [net.fc.weight, net.fc.bias]
    before = net.fc.weight.detach().clone()
    widths: list[int] = []
    handle = net.fc.register_forward_hook(lambda _, __, logits: widths.append(logits.shape[1]))
    boundary_expand.unlearning(net, **sets)
    handle.remove()
    assert set(widths) == {4}
    assert net.fc.weight is given[0] and net.fc.bias is given[1]
    assert net.fc.weight.shape == before.shape
    assert not torch.equal(net.fc.weight, before)


def test_jit_steepness_of_a_scaling_is_its_factor() -> None:
    scale = nn.Sequential(nn.Flatten(), nn.Linear(36, 36, bias=False))
    with torch.no_grad():
        scale[1].weight.copy_(3.0 * torch.eye(36))
    images = pattern_examples(5, seed=0).images
    assert jit.steepness(scale, images, 0.5).item() == pytest.approx(5 * 3.0, rel=1e-4)


def test_jit_learns_through_the_image_and_not_through_its_copies(
    net: nn.Module, sets: Sets
) -> None:
    images = sets["forget"].dataset.tensors[0]
    passes: list[bool] = []
    net.eval().register_forward_hook(lambda _, __, logits: passes.append(logits.requires_grad))
    jit.steepness(net, images, 0.5)
    assert passes == [True] + [False] * jit.COPIES
