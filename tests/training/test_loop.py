"""The plain loop: schedule, batches, weights, and that it learns."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from scorer.training.loop import (
    ModelSeeds,
    TrainingSet,
    draw_epochs,
    learning_rate_factor,
    make_optimizer,
    predict,
    train_models,
)
from scorer.training.models import build_model
from tests.training._common import (
    digits,
    largest_difference,
    noise,
    recipe,
    seeds_of,
    state_bytes,
)


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [learning_rate_factor(recipe(warmup=0.25), step, 100) for step in range(101)]
    assert rates[0] == pytest.approx(1 / 26)
    assert rates[25] == max(rates) == 1.0
    assert rates[99] == pytest.approx(1 / 75)
    assert rates[100] == 0.0
    rising = torch.tensor(rates[:26]).diff()
    falling = torch.tensor(rates[25:]).diff()
    torch.testing.assert_close(rising, torch.full_like(rising, 1 / 26))
    torch.testing.assert_close(falling, torch.full_like(falling, -1 / 75))


def test_one_cycle_without_warm_up_begins_at_the_peak() -> None:
    assert learning_rate_factor(recipe(warmup=0.0), 0, 10) == 1.0


def test_cosine_ends_at_nothing() -> None:
    cosine = recipe(schedule="cosine")
    assert learning_rate_factor(cosine, 0, 8) == 1.0
    assert learning_rate_factor(cosine, 4, 8) == pytest.approx(0.5)
    assert learning_rate_factor(cosine, 8, 8) == pytest.approx(0.0)


def test_an_epoch_draws_every_example_at_most_once() -> None:
    epochs = list(draw_epochs(70, recipe(epochs=3), ModelSeeds(0, 1, 2)))
    assert len(epochs) == 3
    for chosen, drawn in epochs:
        assert chosen.shape == (4, 16)
        assert len(chosen.unique()) == 64
        assert chosen.min() >= 0 and chosen.max() < 70
        assert drawn is None
    assert not torch.equal(epochs[0][0], epochs[1][0])


def test_few_examples_make_one_small_batch() -> None:
    ((chosen, _),) = draw_epochs(5, recipe(), ModelSeeds(0, 1, 2))
    assert sorted(chosen.flatten().tolist()) == [0, 1, 2, 3, 4]


def test_order_and_augmentation_have_streams_of_their_own() -> None:
    augmented = recipe(augmentation="shift2_flip")

    def draw(order: int, augment: int) -> tuple[torch.Tensor, torch.Tensor]:
        ((chosen, drawn),) = draw_epochs(70, augmented, ModelSeeds(0, order, augment))
        assert drawn is not None
        return chosen, drawn

    chosen, drawn = draw(1, 2)
    assert drawn.shape == (4, 16, 3)
    assert torch.equal(draw(1, 3)[0], chosen) and not torch.equal(draw(1, 3)[1], drawn)
    assert torch.equal(draw(4, 2)[1], drawn) and not torch.equal(draw(4, 2)[0], chosen)


def test_class_weights() -> None:
    data = TrainingSet(torch.zeros(4, 1), torch.tensor([0, 2, 2, 2]), 4)
    assert data.class_weight("none") is None
    weight = data.class_weight("inverse_count")
    assert weight is not None
    torch.testing.assert_close(weight, torch.tensor([1.0, 0.0, 1 / 3, 0.0]))


def test_equals_the_textbook_loop() -> None:
    data = noise(48, 1, 8, 8)
    # Small steps, so that rounding in another memory layout does not grow to a difference.
    settings = recipe(epochs=2, class_weights="inverse_count", learning_rate=0.01)
    (seeds,) = seeds_of(0)
    (net,) = train_models(data, settings, [seeds])

    expected = build_model("small_cnn", 1, 10, seeds.init)
    weight = 1.0 / torch.bincount(data.labels, minlength=10).float()
    optimizer = torch.optim.SGD(
        expected.parameters(), lr=1.0, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    order = torch.Generator().manual_seed(seeds.order)
    step = 0
    for _ in range(2):
        shuffled = torch.randperm(48, generator=order)
        for batch in shuffled.split(16):
            factor = (step + 1) / 2.5 if step < 1.5 else (6 - step) / 4.5
            optimizer.param_groups[0]["lr"] = 0.01 * factor
            loss = F.cross_entropy(expected(data.images[batch]), data.labels[batch], weight=weight)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    assert largest_difference(net, expected) < 1e-4
    assert all(parameter.grad is None for parameter in net.parameters())


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_optimisers_take_the_recipe_s_constants(name: str) -> None:
    settings = recipe(optimizer=name, momentum=0.8, weight_decay=0.01, learning_rate=0.3)
    optimizer = make_optimizer([nn.Parameter(torch.ones(3))], settings, torch.device("cpu"))
    group = optimizer.param_groups[0]
    assert group["lr"] == 0.3 and group["weight_decay"] == 0.01
    assert group["betas"] == (0.8, 0.999) if name == "adam" else group["momentum"] == 0.8
    assert name == "adam" or group["nesterov"]


def test_bytes_do_not_depend_on_threads_company_or_the_global_generator() -> None:
    data = noise(64, 1, 8, 8)
    (alone,) = train_models(data, recipe(), seeds_of(3))
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.manual_seed(99)
        *_, last = train_models(data, recipe(), seeds_of(1, 3))
        assert torch.get_num_threads() == 2, "the caller's setting was not put back"
    finally:
        torch.set_num_threads(n_threads)
    assert state_bytes(last) == state_bytes(alone)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_it_learns_digits(dtype: str) -> None:
    train, test = digits(1000)
    (net,) = train_models(train, recipe(epochs=4, batch_size=64, dtype=dtype), seeds_of(0))
    assert not net.training
    assert all(parameter.dtype == torch.float32 for parameter in net.parameters())
    accuracy = (predict(net, test.images).argmax(dim=1) == test.labels).float().mean()
    assert accuracy > 0.9


def test_predict_does_not_depend_on_the_batch_size() -> None:
    data = noise(30, 1, 8, 8)
    net = build_model("small_cnn", 1, 10, 0).eval()
    logits = predict(net, data.images, batch_size=7)
    assert logits.dtype == torch.float32 and not logits.requires_grad
    torch.testing.assert_close(logits, predict(net, data.images))
