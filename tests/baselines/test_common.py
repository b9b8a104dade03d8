"""What methods share, checked against what it says of itself."""

from __future__ import annotations

import copy
import math
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from baselines import common
from baselines.common import Descent, Examples
from tests.baselines._network import pattern_examples


@pytest.fixture
def examples() -> Examples:
    """Return 100 scalars that are their own labels."""
    return Examples(torch.arange(100.0)[:, None], torch.arange(100))


@pytest.mark.parametrize("batch", [(1, 2), [1, 2], {"image": 1, "label": 2}])
def test_unpack_takes_pairs_and_names(batch: object) -> None:
    assert common.unpack(batch) == (1, 2)


def test_unpack_knows_age_groups_and_refuses_the_rest() -> None:
    assert common.unpack({"image": 1, "image_id": 0, "age_group": 2}) == (1, 2)
    with pytest.raises(ValueError, match=r"must be a pair or have the keys .* got dict"):
        common.unpack({"image": 1})


def test_read_keeps_the_order_of_the_data_set(examples: Examples) -> None:
    dataset = TensorDataset(examples.images, examples.labels.int())
    found = common.read(DataLoader(dataset, batch_size=7, shuffle=True), torch.device("cpu"))
    assert torch.equal(found.images, examples.images)
    assert torch.equal(found.labels, examples.labels)
    assert found.labels.dtype == torch.int64


def test_batches_hold_every_example_once_in_nearly_equal_parts(examples: Examples) -> None:
    parts = [labels for _, labels in examples.batches(33)]
    assert [len(part) for part in parts] == [25, 25, 25, 25]
    assert sorted(torch.cat(parts).tolist()) == list(range(100))
    assert torch.cat(parts).tolist() != list(range(100))
    assert [len(labels) for _, labels in examples.batches(99)] == [50, 50]


def test_batches_pair_images_with_their_labels(examples: Examples) -> None:
    for images, labels in islice(examples.endless(30), 10):
        assert torch.equal(images.squeeze(1).long(), labels)


@pytest.mark.parametrize(
    ("shape", "family"),
    [
        ((2, 1, 8, 8), "digits"),
        ((2, 2), "digits"),
        ((2, 3, 14, 14), "digits"),
        ((2, 1, 16, 16), "fashion_mnist"),
        ((2, 3, 32, 32), "fashion_mnist"),
        ((2, 3, 224, 224), "fashion_mnist"),
    ],
)
def test_constants_are_those_of_the_family_nearest_in_size(
    shape: tuple[int, ...], family: str
) -> None:
    by_family = {"digits": 0.4, "fashion_mnist": 0.2}
    found = common.for_family(torch.empty(shape), by_family, 64)
    assert found == (by_family[family], 64)


@pytest.mark.parametrize(("epochs", "expected"), [(0.01, 1), (0.5, 2), (2.25, 9)])
def test_n_steps_rounds_fractions_of_epochs(
    examples: Examples, epochs: float, expected: int
) -> None:
    assert examples.n_steps(epochs, batch_size=25) == expected


def test_steps_are_as_many_batches_and_go_on_in_a_fresh_order(examples: Examples) -> None:
    labels = [labels.tolist() for _, labels in examples.steps(1.5, batch_size=25)]
    assert len(labels) == 6
    assert sorted(label for batch in labels[:4] for label in batch) == list(range(100))
    assert labels[4:] != labels[:2]


def test_sample_draws_without_replacement(examples: Examples) -> None:
    drawn = examples.sample(40)
    assert len(set(drawn.labels.tolist())) == 40
    assert len(examples.sample(1000)) == 100


def test_numbered_and_join(examples: Examples) -> None:
    twice = common.join(examples, examples)
    assert twice.numbered().labels.tolist() == list(range(200))
    assert torch.equal(twice.images[100:], examples.images)


def test_the_rate_rises_over_the_warmup_and_falls_to_a_positive_last_step() -> None:
    weight = nn.Linear(1, 1, bias=False)
    descent = Descent(weight, n_steps=8, learning_rate=1.0, warmup=0.25)
    rates = []
    for _ in range(9):
        rates.append(descent.rate())
        descent.step(weight.weight.sum())
    assert rates == pytest.approx([1 / 3, 2 / 3, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])


def test_descent_follows_the_rate_and_leaves_frozen_parameters() -> None:
    net = nn.Linear(1, 1)
    net.bias.requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    Descent(net, n_steps=1, learning_rate=0.5, weight_decay=0.0).step(net.weight.sum())
    # Nesterov's first step is 1 + momentum times as long as a plain one.
    assert (before["weight"] - net.weight).item() == pytest.approx(0.5 * 1.9)
    assert torch.equal(before["bias"], net.bias)


def test_fine_tune_masks_what_after_backward_masks_and_ends_in_train_mode(net: Any) -> None:
    kept = pattern_examples(50, seed=1)
    frozen = [p for n, p in net.named_parameters() if not n.startswith("fc")]
    before = [p.detach().clone() for p in frozen]

    def mask() -> None:
        for parameter in frozen:
            parameter.grad = None

    common.fine_tune(net, kept, epochs=2, batch_size=64, learning_rate=0.1, after_backward=mask)
    assert all(torch.equal(a, b) for a, b in zip(frozen, before, strict=True))
    assert net.training


def test_fine_tune_learns(net: Any) -> None:
    kept = pattern_examples(50, seed=1)
    common.reset(net)
    common.fine_tune(net, kept, epochs=20, batch_size=64, learning_rate=0.1, warmup=0.2)
    accuracy = (common.predict(net, kept.images).argmax(1) == kept.labels).float().mean()
    assert accuracy > 0.9


def test_joint_steps_pass_both_sets_at_once(net: Any) -> None:
    kept, gone = pattern_examples(60, seed=1).numbered(), pattern_examples(20, seed=2).numbered()
    passes: list[int] = []
    handle = net.register_forward_hook(lambda _, args, __: passes.append(len(args[0])))
    sizes: list[tuple[int, ...]] = []

    def loss(logits: Tensor, chosen: Tensor, gone_logits: Tensor, gone_chosen: Tensor) -> Tensor:
        sizes.append((len(logits), len(chosen), len(gone_logits), len(gone_chosen)))
        return logits.mean() + gone_logits.mean()

    common.fine_tune_jointly(net, kept, gone, loss, epochs=3, batch_size=64, learning_rate=0.01)
    handle.remove()
    assert passes == [70, 70, 70]
    assert sizes == [(60, 60, 10, 10)] * 3


def test_eval_mode_and_frozen_batch_norm_restore_every_layer(net: Any) -> None:
    net.train()
    net.fc.eval()
    before = [layer.training for layer in net.modules()]
    with common.eval_mode(net):
        assert not any(layer.training for layer in net.modules())
    assert [layer.training for layer in net.modules()] == before
    with common.frozen_batch_norm(net):
        norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
        assert not any(norm.training for norm in norms)
        assert net.training
    assert [layer.training for layer in net.modules()] == before


def test_frozen_batch_norm_keeps_statistics(net: Any) -> None:
    statistics = {k: v.clone() for k, v in net.state_dict().items() if "running" in k}
    net.train()
    with common.frozen_batch_norm(net):
        net(pattern_examples(8, seed=1).images)
    assert statistics
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in statistics.items())


def test_frozen_copy_shares_nothing_and_learns_nothing(net: Any) -> None:
    teacher = common.frozen_copy(net.train())
    assert not teacher.training
    assert not any(p.requires_grad for p in teacher.parameters())
    assert all(p.requires_grad for p in net.parameters())
    with torch.no_grad():
        next(net.parameters()).zero_()
    assert next(teacher.parameters()).abs().sum() > 0


def test_predict_and_features_agree_with_the_classifier(net: Any) -> None:
    images = pattern_examples(10, seed=1).images
    net.train()
    read = common.features(net, images, batch_size=4)
    assert read.shape == (10, 54)
    logits = common.predict(net, images, batch_size=3)
    assert torch.allclose(net.fc(read), logits, atol=1e-5)
    assert torch.allclose(logits, net.eval()(images), atol=1e-5)


def test_mean_gradients_do_not_depend_on_the_batch_size(net: Any) -> None:
    kept = pattern_examples(50, seed=1)
    F.cross_entropy(net(kept.images), kept.labels).backward()
    expected = [p.grad for p in net.parameters()]
    net.zero_grad(set_to_none=True)
    for size in (7, 50):
        found = common.mean_gradients(net, kept, batch_size=size)
        for gradient, exact in zip(found, expected, strict=True):
            assert exact is not None
            assert torch.allclose(gradient, exact, atol=1e-6)
    assert all(p.grad is None for p in net.parameters())


def test_mean_gradients_of_frozen_parameters_are_zero(net: Any) -> None:
    net.fc.requires_grad_(False)
    found = common.mean_gradients(net, pattern_examples(20, seed=1))
    named = dict(zip([n for n, _ in net.named_parameters()], found, strict=True))
    assert not named["fc.weight"].any()
    assert named["widen.weight"].any()


def test_divergence_is_from_the_first_to_the_second() -> None:
    p, q = torch.tensor([[0.8, 0.2]]), torch.tensor([[0.5, 0.5]])
    by_hand = 0.8 * math.log(0.8 / 0.5) + 0.2 * math.log(0.2 / 0.5)
    assert common.divergence(p.log(), q.log()).item() == pytest.approx(by_hand)
    assert common.divergence(q.log(), p.log()).item() != pytest.approx(by_hand, rel=1e-2)


def test_divergence_at_a_temperature_keeps_the_scale_of_its_gradients() -> None:
    reference, logits = torch.tensor([[0.3, -0.2, 0.1]]), torch.zeros(1, 3)
    cold, hot = common.divergence(reference, logits), common.divergence(reference, logits, 10.0)
    assert hot.item() == pytest.approx(cold.item(), rel=0.1)


def test_layers_are_found_in_order(net: Any) -> None:
    layers = common.weight_layers(net)
    assert layers == [net.stem[0], net.widen, net.block.conv, net.fc]
    assert common.convolutions(net) == layers[:-1]
    assert common.last_linear(net) is net.fc
    assert common.n_classes_of(net) == 3


def test_the_classifier_comes_last_wherever_it_is_defined() -> None:
    net = nn.ModuleDict({"head": nn.Linear(4, 2), "body": nn.Conv2d(1, 4, 3)})
    assert common.weight_layers(net) == [net["body"], net["head"]]


@pytest.mark.parametrize("find", [common.last_linear, common.convolutions, common.weight_layers])
def test_a_missing_layer_is_named(find: Any) -> None:
    with pytest.raises(ValueError, match=r"needs a network .*nn\.(Linear|Conv2d), got none"):
        find(nn.ReLU())


def test_reset_draws_every_layer_anew(net: Any) -> None:
    before = copy.deepcopy(net.state_dict())
    common.reset(net)
    after = net.state_dict()
    assert not torch.equal(before["fc.weight"], after["fc.weight"])
    assert not torch.equal(before["block.conv.weight"], after["block.conv.weight"])
    assert torch.equal(after["block.norm.running_mean"], torch.zeros(6))
