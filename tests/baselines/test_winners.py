"""The defining step of each solution of the 2023 challenge, and of the baselines beside them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from baselines import (
    adversarial,
    conv_transpose,
    euclid,
    fanchuan,
    finetune,
    kookmin,
    layer_reinit_cycles,
    negative_gradient_plus,
    sebastian,
    seif,
    sunkroos,
)
from baselines.common import convolutions, predict
from tests._copies import copy_of
from tests.baselines._network import mean_loss, pattern_examples


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start every test from the same state of torch's generator."""
    torch.manual_seed(0)


def weights_before_training(
    method: Any, net: Any, sets: dict[str, Any], **constants: Any
) -> dict[str, torch.Tensor]:
    """Return the state of the network when a method first trains it, and go no further."""

    class Reached(Exception):
        pass

    def stop(*args: object, **kwargs: object) -> None:
        raise Reached

    trainers = [name for name in ("fine_tune", "Descent") if hasattr(method, name)]
    with pytest.raises(Reached):
        copy_of(method, **dict.fromkeys(trainers, stop), **constants).unlearning(net, **sets)
    return net.state_dict()


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    """Return the names of the tensors that differ."""
    return {name for name in before if not torch.equal(before[name], after[name])}


def snapshot(net: Any) -> dict[str, torch.Tensor]:
    """Return a copy of the network's state."""
    return {name: value.clone() for name, value in net.state_dict().items()}


def test_finetune_lowers_the_retain_loss(net: Any, sets: dict[str, Any]) -> None:
    net.fc.reset_parameters()
    before = mean_loss(net, sets["retain"])
    assert mean_loss(finetune.unlearning(net, **sets), sets["retain"]) < before


def test_neggrad_forgets_what_it_ascends(net: Any, sets: dict[str, Any]) -> None:
    method = copy_of(negative_gradient_plus, RETAIN_SHARE=0.05, LEARNING_RATE=0.05, EPOCHS=2.25)
    before = mean_loss(net, sets["forget"])
    assert mean_loss(method.unlearning(net, **sets), sets["forget"]) > before


def test_neggrad_stops_ascending_at_the_loss_of_guessing() -> None:
    logits = torch.tensor([[5.0, 0.0, 0.0], [0.0, 0.3, 0.0]], requires_grad=True)
    loss = negative_gradient_plus.bounded_cross_entropy(logits, torch.tensor([1, 0]))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(3))
    assert logits.grad is not None
    assert not logits.grad[0].any()
    assert not logits.grad[1].any()


def test_adversarial_divergence_is_zero_without_gradient_at_the_teacher() -> None:
    reference = torch.tensor([[2.0, 0.0, -1.0]])
    logits = reference.clone().requires_grad_(True)
    distance = adversarial.bounded_divergence(reference, logits)
    distance.backward()
    assert distance.item() == pytest.approx(0.0, abs=1e-6)
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6


def test_adversarial_divergence_ends_at_guessing() -> None:
    reference = torch.tensor([[50.0, 0.0, 0.0]])
    far = adversarial.bounded_divergence(reference, torch.tensor([[-50.0, 0.0, 0.0]]))
    uniform = adversarial.bounded_divergence(reference, torch.zeros(1, 3))
    assert far.item() == pytest.approx(math.log(3))
    assert uniform.item() == pytest.approx(math.log(3))


def test_adversarial_leaves_the_teacher_on_forget_data_only(net: Any, sets: dict[str, Any]) -> None:
    # In many epochs: at the teacher the divergence has no slope.
    method = copy_of(adversarial, AWAY=5.0, EPOCHS=20, BATCH_SIZE=64, LEARNING_RATE=0.4)
    before = mean_loss(net, sets["forget"])
    assert mean_loss(method.unlearning(net, **sets), sets["forget"]) > before


def test_fanchuan_contrast_is_least_when_all_retain_outputs_are_alike_to_a_forget_output() -> None:
    retain = torch.tensor([[3.0, 0.0], [0.0, 3.0]])
    undecided = fanchuan.contrast(torch.tensor([[1.0, 1.0]]), retain)
    decided = fanchuan.contrast(torch.tensor([[2.0, 0.0]]), retain)
    assert undecided.item() == pytest.approx(math.log(2))
    assert decided > undecided


def test_fanchuan_first_flattens_forget_outputs(net: Any, sets: dict[str, Any]) -> None:
    method = copy_of(fanchuan, N_ROUNDS=0, UNIFORM_RATE=0.1)
    images = sets["forget"].dataset.tensors[0]
    before = predict(net, images).softmax(1).max(1).values.mean()
    after = predict(method.unlearning(net, **sets), images).softmax(1).max(1).values.mean()
    assert after < before


def test_msg_draws_30_percent_of_the_convolution_weights_anew(
    net: Any, sets: dict[str, Any]
) -> None:
    before = snapshot(net)
    after = weights_before_training(kookmin, net, sets, RESET_SHARE=0.3)
    names = ("stem.0.weight", "widen.weight", "block.conv.weight")
    differ = torch.cat([(before[name] != after[name]).flatten() for name in names])
    assert differ.float().mean().item() == pytest.approx(0.3, abs=1 / len(differ))
    assert changed(before, after) <= set(names)


def test_msg_chooses_the_smallest_of_all_gradients_together() -> None:
    gradients = [torch.tensor([[0.1, -0.2]]), torch.tensor([5.0, -0.05, 7.0])]
    masks = kookmin.smallest(gradients, 0.4)
    assert masks[0].tolist() == [[True, False]]
    assert masks[1].tolist() == [False, True, False]


def test_msg_damps_the_gradients_of_what_it_kept(net: Any, sets: dict[str, Any]) -> None:
    ratios: list[torch.Tensor] = []

    def fine_tune(trained: Any, *args: object, after_backward: Any, **others: object) -> None:
        weights = [layer.weight for layer in convolutions(trained)]
        for weight in weights:
            weight.grad = torch.ones_like(weight)
        after_backward()
        ratios.append(torch.cat([w.grad.flatten() for w in weights if w.grad is not None]))

    copy_of(kookmin, fine_tune=fine_tune, RESET_SHARE=0.3, DAMPING=0.1).unlearning(net, **sets)
    damped = ratios[0] < 1
    assert ratios[0][damped].tolist() == pytest.approx([0.1] * int(damped.sum()))
    assert damped.float().mean().item() == pytest.approx(0.7, abs=0.01)


def test_cfw_confuses_the_first_layer_only(net: Any, sets: dict[str, Any]) -> None:
    before = snapshot(net)
    after = weights_before_training(seif, net, sets, NOISE=0.7)
    assert changed(before, after) == {"stem.0.weight"}
    moved = (after["stem.0.weight"] - before["stem.0.weight"]).std()
    assert moved.item() == pytest.approx(0.7 * before["stem.0.weight"].std().item(), rel=0.4)


def test_prmq_keeps_the_largest_weights_and_no_small_bias(net: Any) -> None:
    before = snapshot(net)
    sebastian.redraw_small(net, 0.8)
    after = net.state_dict()
    weights = [name for name in before if name.endswith("weight") and before[name].dim() > 1]
    biases = ("stem.0.bias", "widen.bias", "fc.bias")
    every = torch.cat([before[name].abs().flatten() for name in (*weights, *biases)])
    limit = every.quantile(0.8)
    for name in weights:
        large = before[name].abs() > limit
        assert torch.equal(before[name][large], after[name][large])
        assert not (before[name] == after[name])[~large].any()
    for name in biases:
        small = before[name].abs() < limit
        assert not after[name][small].any()
    assert not changed(before, after) - {*weights, *biases}


def test_prmq_entropy_is_that_of_the_prediction() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [50.0, 0.0, 0.0]])
    assert sebastian.entropy(logits).tolist() == pytest.approx([math.log(3), 0.0], abs=1e-6)


def test_prmq_ends_on_numbers_of_half_precision(net: Any, sets: dict[str, Any]) -> None:
    unlearned = sebastian.unlearning(net, **sets)
    for parameter in unlearned.parameters():
        assert parameter.dtype == torch.float32
        assert torch.equal(parameter, parameter.half().float())


def test_ct_transposes_square_kernels_larger_than_one() -> None:
    net: Any = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, (1, 3)), nn.Conv2d(2, 2, 1))
    before = snapshot(net)
    conv_transpose.transpose_convolutions(net)
    assert torch.equal(net[0].weight, before["0.weight"].transpose(2, 3))
    assert changed(before, net.state_dict()) == {"0.weight"}


def test_ct_refuses_a_network_that_it_would_not_change() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, (3, 1)), nn.Conv2d(2, 2, 1))
    with pytest.raises(ValueError, match=r"square kernel larger than 1, got .*\(1, 1\), \(3, 1\)"):
        conv_transpose.transpose_convolutions(net)


def test_ct_runs_choose_one_of_two_ways(net: Any, sets: dict[str, Any]) -> None:
    transposed: list[nn.Module] = []
    method = copy_of(
        conv_transpose,
        transpose_convolutions=transposed.append,
        fine_tune=lambda *args, **kwargs: None,
    )
    for _ in range(40):
        method.unlearning(net, **sets)
    assert 10 < len(transposed) < 30


def test_ct_pseudo_labels_are_true_or_what_the_untrained_network_says(net: Any) -> None:
    kept, gone = pattern_examples(50, seed=1), pattern_examples(14, seed=2)

    def say_class_2(trained: Any, *args: object, learning_rate: float, **kw: object) -> None:
        if learning_rate == 0.07:
            with torch.no_grad():
                trained.fc.bias.copy_(torch.tensor([0.0, 0.0, 100.0]))

    method = copy_of(conv_transpose, fine_tune=say_class_2, LEARNING_RATE=0.2, SCRATCH_RATE=0.07)
    assert method.pseudo_labels(net, kept, gone).tolist() == [2] * 14


def test_kde_draws_both_ends_anew(net: Any, sets: dict[str, Any]) -> None:
    before = snapshot(net)
    after = weights_before_training(euclid, net, sets)
    assert changed(before, after) == {
        f"{layer}.{part}" for layer in ("stem.0", "fc") for part in ("weight", "bias")
    }


def test_kde_imitation_is_least_at_the_teacher_and_has_no_temperature_factor() -> None:
    teacher = torch.tensor([[5.0, 0.0, -5.0]])
    logits = teacher.clone().requires_grad_(True)
    euclid.imitation(teacher, logits).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6
    p, q = (teacher / 5).softmax(1), torch.full((1, 3), 1 / 3)
    by_hand = (p * (p / q).log()).sum().item()
    assert euclid.imitation(teacher, torch.zeros(1, 3)).item() == pytest.approx(by_hand)


def test_rni_trains_only_what_it_drew_and_batch_norm(net: Any, sets: dict[str, Any]) -> None:
    trainable: list[set[str]] = []

    def fine_tune(trained: Any, *args: object, **kwargs: object) -> None:
        trainable.append({n for n, p in trained.named_parameters() if p.requires_grad})

    copy_of(sunkroos, fine_tune=fine_tune).unlearning(net, **sets)
    norms = {"stem.1.weight", "stem.1.bias", "block.norm.weight", "block.norm.bias"}
    every = {name for name, _ in net.named_parameters()}
    assert len(trainable) == sunkroos.N_ROUNDS + 1
    for names in trainable[:-1]:
        assert norms <= names
        assert len(names - norms) == round(sunkroos.TRAINED_SHARE * len(every - norms))
    assert len({frozenset(names) for names in trainable[:-1]}) > 1
    assert trainable[-1] == every


def test_rni_adds_noise_to_a_tensor_at_most_once(net: Any, sets: dict[str, Any]) -> None:
    noisy: list[int] = []
    method = copy_of(sunkroos, add_noise=lambda tensor, _: noisy.append(id(tensor)))
    method.unlearning(net, **sets)
    assert noisy
    assert len(set(noisy)) == len(noisy)


def test_cycles_draw_from_all_but_the_classifier_and_one_pixel_convolutions(
    net: Any,
) -> None:
    assert layer_reinit_cycles.pool(net) == [net.stem[0], net.block.conv]
    before = snapshot(net)
    layer_reinit_cycles.reset_some(layer_reinit_cycles.pool(net), 0.3)
    names = changed(before, net.state_dict())
    assert names in ({"stem.0.weight", "stem.0.bias"}, {"block.conv.weight"})


def test_cycles_imitate_the_original(net: Any, sets: dict[str, Any]) -> None:
    images = sets["retain"].dataset.tensors[0]
    original = predict(net, images)
    unlearned = predict(layer_reinit_cycles.unlearning(net, **sets), images)
    assert (unlearned - original).square().mean() < original.var()
