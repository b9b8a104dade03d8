"""The defining step of each of the project's own ideas."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from baselines import (
    class_attention,
    entropy,
    gan,
    hypernetwork,
    nearest_neighbour,
    pruning,
    surgery,
    uniform_proxy,
)
from baselines.common import Examples, features
from tests._copies import copy_of
from tests.baselines._network import mean_loss, pattern_examples


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start every test from the same state of torch's generator."""
    torch.manual_seed(0)


@pytest.mark.parametrize(("doubt", "probability"), [(1.0, 0.47), (0.5, 0.68)])
def test_entropy_has_its_minimum_where_it_says(doubt: float, probability: float) -> None:
    def loss_at(p: float) -> float:
        others = [math.log((1 - p) / 9)] * 9
        logits = torch.tensor([[math.log(p), *others]])
        return entropy.doubtful_loss(logits, torch.tensor([0]), doubt).item()

    grid = [i / 100 for i in range(1, 100)]
    assert min(grid, key=loss_at) == pytest.approx(probability, abs=0.02)


def test_gan_discriminator_learns_to_tell_outputs_apart() -> None:
    labels = torch.arange(30) % 3
    sure = 8.0 * F.one_hot(labels, 3).float()
    unsure = torch.randn(30, 3)
    discriminator = gan.Discriminator(3, learning_rate=0.03)
    for _ in range(100):
        discriminator.learn((sure, labels), (unsure, labels))
    assert discriminator(sure, labels).min() > 0
    assert discriminator(unsure, labels).mean() < 0


def test_gan_discriminator_sees_no_order_of_classes_but_the_label() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.0]])
    swapped = torch.tensor([[3.0, 0.0, 1.0]])
    labels = torch.tensor([0])
    assert torch.equal(gan.view(logits, labels), gan.view(swapped, labels))


def test_gan_makes_forget_outputs_look_like_val_outputs(net: Any, sets: dict[str, Any]) -> None:
    # Val labels are wrong here, so that val outputs have a high loss: forget outputs must follow.
    sets["val"].dataset.tensors[1].add_(1).remainder_(3)
    method = copy_of(gan, FOOLING=5.0, EPOCHS=10, BATCH_SIZE=64, LEARNING_RATE=0.4)
    before = mean_loss(net, sets["forget"])
    assert mean_loss(method.unlearning(net, **sets), sets["forget"]) > before + 0.2


def test_uniform_proxy_stops_at_the_val_confidence_of_the_same_rank() -> None:
    gone, unseen = torch.tensor([9.0, 7.0, 8.0]), torch.tensor([5.0, 1.0, 3.0])
    assert uniform_proxy.floors(gone, unseen).tolist() == [5.0, 1.0, 3.0]


def test_uniform_proxy_confidence_is_the_scaled_logit() -> None:
    logits = torch.tensor([[0.8, 0.1, 0.1]]).log() + 3.0
    found = uniform_proxy.confidence(logits, torch.tensor([0]))
    assert found.item() == pytest.approx(math.log(0.8 / 0.2))


def test_uniform_proxy_needs_no_retain_set(net: Any, sets: dict[str, Any]) -> None:
    sets["retain"] = None
    assert uniform_proxy.unlearning(net, **sets) is net


def feature_examples(net: Any, seed: int) -> Examples:
    """Return the features of some patterns in place of the images."""
    examples = pattern_examples(60, seed)
    return Examples(features(net, examples.images), examples.labels)


def test_hypernetwork_generates_other_weights_for_another_slice(net: Any) -> None:
    classifier: Any = net.fc
    hyper = hypernetwork.Hypernetwork(classifier)
    means = hypernetwork.class_means(feature_examples(net, 1), 3)
    first, second = (hyper(feature_examples(net, seed).sample(5), means) for seed in (2, 3))
    assert first.shape == classifier.weight.shape
    assert not torch.allclose(first, second)


def test_hypernetwork_means_are_of_each_class() -> None:
    data = Examples(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]]), torch.tensor([2, 2, 0]))
    assert hypernetwork.class_means(data, 3).tolist() == [[0.0, 5.0], [0.0, 0.0], [2.0, 0.0]]


def test_hypernetwork_loss_is_least_when_a_slice_looks_unseen(net: Any) -> None:
    classifier: Any = net.fc
    kept, seen = feature_examples(net, 1), feature_examples(net, 0)
    wrong = Examples(seen.images, (seen.labels + 1) % 3)
    weights, bias = classifier.weight, classifier.bias
    error, alike = hypernetwork.slice_losses(weights, bias, kept, seen, seen)
    expected = F.cross_entropy(F.linear(kept.images, weights, bias), kept.labels)
    assert error.item() == pytest.approx(expected.item(), rel=1e-5)
    assert alike.item() == pytest.approx(0.0, abs=1e-6)
    _, unlike = hypernetwork.slice_losses(weights, bias, kept, seen, wrong)
    assert unlike > 1


def test_nearest_neighbours_lend_their_labels() -> None:
    candidates = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    found = nearest_neighbour.neighbour_labels(
        torch.tensor([[1.0, 0.0], [5.0, 0.0]]), candidates, torch.tensor([2, 1]), 3, 16.0
    )
    assert found[0].tolist() == pytest.approx([0.0, 0.0, 1.0], abs=1e-6)
    assert found[1].tolist() == pytest.approx([0.0, 0.5, 0.5], abs=1e-6)


def test_nearest_neighbours_move_the_weights(net: Any, sets: dict[str, Any]) -> None:
    before = net.fc.weight.detach().clone()
    nearest_neighbour.unlearning(net, **sets)
    assert not torch.equal(before, net.fc.weight)


def test_surgery_removes_a_conflict_and_nothing_else() -> None:
    retain = [torch.tensor([1.0, 0.0]), torch.tensor([0.0])]
    with_conflict = [torch.tensor([2.0, 3.0]), torch.tensor([1.0])]
    without = [torch.tensor([-2.0, 3.0]), torch.tensor([1.0])]
    fixed = surgery.without_conflict(with_conflict, retain)
    assert [t.tolist() for t in fixed] == [[0.0, 3.0], [1.0]]
    same = surgery.without_conflict(without, retain)
    assert [t.tolist() for t in same] == [[-2.0, 3.0], [1.0]]


def test_surgery_raises_the_forget_loss_before_it_repairs(net: Any, sets: dict[str, Any]) -> None:
    unrepaired = copy_of(
        surgery, fine_tune=lambda *args, **kwargs: None, ASCENT_EPOCHS=3.0, ASCENT_RATE=0.187
    )
    before = mean_loss(net, sets["forget"])
    assert mean_loss(unrepaired.unlearning(net, **sets), sets["forget"]) > before


def test_pruned_channels_are_folded_in_and_stay_off(net: Any, sets: dict[str, Any]) -> None:
    pruned = copy_of(pruning, PRUNED_SHARE=0.5).unlearning(net, **sets)
    norm: Any = pruned.block.norm
    off = norm.weight == 0
    assert off.sum() == 3
    assert not norm.bias[off].any()
    widen: Any = pruned.widen
    off = (widen.weight == 0).flatten(1).all(1)
    assert off.sum() == 3
    assert not widen.bias[off].any()


def test_pruning_ends_convolutions_at_their_batch_norm_or_themselves(net: Any) -> None:
    assert pruning.channel_layers(net) == [net.stem[1], net.widen, net.block.norm]


def test_pruning_prefers_channels_that_forget_data_use_more() -> None:
    gone, kept = torch.tensor([1.0, 5.0, 1.0, 1.0]), torch.ones(4)
    drawn = torch.stack([pruning.drawn(gone, kept, 0.25) for _ in range(200)])
    assert (drawn.sum(1) == 1).all()
    counts = drawn.sum(0)
    assert counts[1] > 150
    assert counts.sum() > counts[1]


def test_pruning_leaves_a_layer_of_one_channel_alone() -> None:
    assert pruning.drawn(torch.ones(1), torch.ones(1), 0.1).tolist() == [False]


def test_attention_is_one_on_average_and_folds_into_the_classifier(net: Any) -> None:
    classifier: Any = net.fc
    attended = class_attention.attended(classifier, torch.randn(3, 54))
    share = (attended / classifier.weight).mean(dim=1)
    assert share.tolist() == pytest.approx([1.0] * 3, rel=1e-3)
    same = class_attention.attended(classifier, torch.zeros(3, 54))
    assert torch.allclose(same, classifier.weight)


def test_attention_learns_to_serve_retain_and_not_forget_data(net: Any) -> None:
    method = copy_of(class_attention, N_STEPS=40)
    classifier: Any = net.fc
    # Each class has a feature of its own for retain data, and another one for forget data.
    inputs, labels = torch.eye(54)[torch.arange(60) % 3] * 3, torch.arange(60) % 3
    kept, gone = Examples(inputs, labels), Examples(inputs.roll(3, dims=1), labels)
    with torch.no_grad():
        classifier.weight.zero_()
        for c in range(3):
            classifier.weight[c, c] = classifier.weight[c, c + 3] = 1.0
    weights = method.attended(classifier, method.learn_attention(classifier, kept, gone, 0.1, 1.0))
    assert all(weights[c, c] > 2 * weights[c, c + 3] for c in range(3))
