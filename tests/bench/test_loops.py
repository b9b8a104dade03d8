"""The loops that are timed: the same data, one batch a step, model after model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from scorer.bench import _loops
from scorer.bench._loops import loader_batches, plain_steps, repeat, tensor_batches, training_data
from scorer.training.loop import TrainingSet
from tests.conftest import tiny_definition
from tests.training._common import recipe

N, BATCH = 40, 16
RECIPE = recipe(batch_size=BATCH, epochs=2)


@pytest.fixture
def data() -> TrainingSet:
    """Return images each of which is its own number."""
    images = torch.arange(N, dtype=torch.float32).view(N, 1, 1, 1).expand(N, 1, 8, 8)
    return TrainingSet(images.contiguous(), torch.arange(N) % 10, 10)


@pytest.mark.parametrize("batches", [loader_batches, tensor_batches])
def test_an_epoch_is_whole_batches_of_different_examples(
    batches: type[Iterator[tuple[Tensor, Tensor]]], data: TrainingSet
) -> None:
    seen = []
    for images, labels in islice(batches(data, RECIPE), N // BATCH):
        assert images.shape == (BATCH, 1, 8, 8)
        numbers = images[:, 0, 0, 0].long()
        assert torch.equal(labels, numbers % 10)
        seen += numbers.tolist()
    assert len(set(seen)) == (N // BATCH) * BATCH


def test_a_model_takes_its_steps_and_then_the_next_begins(
    data: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    nets: list[nn.Module] = []
    make = _loops.loop.initial_model

    def remember(*arguments: object) -> nn.Module:
        nets.append(make(*arguments))  # type: ignore[arg-type]
        return nets[-1]

    monkeypatch.setattr(_loops.loop, "initial_model", remember)
    n_batches = 0

    def counted() -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal n_batches
        for batch in tensor_batches(data, RECIPE):
            n_batches += 1
            yield batch

    n_steps = RECIPE.n_steps(N)
    train = repeat(plain_steps(data, RECIPE, counted()).__next__, torch.device("cpu"))
    train(n_steps)
    assert (n_batches, len(nets)) == (n_steps, 1)
    fresh = make(data, RECIPE, _loops.ModelSeeds(0, 0, 0)).state_dict()
    trained = nets[0].state_dict()
    assert all(not torch.equal(trained[name], fresh[name]) for name in fresh if "weight" in name)
    train(1)
    assert (n_batches, len(nets)) == (n_steps + 1, 2)


def test_as_many_examples_as_the_task_retains() -> None:
    tiny = tiny_definition()
    data, source = training_data(tiny, Path("none"), None)
    assert len(data) == 1797 - tiny.n_val - 1497 - tiny.forget.size
    assert source == "its own images"
    assert data.images.is_contiguous(memory_format=torch.channels_last)
    assert len(training_data(tiny, Path("none"), 70)[0]) == 70


def test_random_images_of_its_shape_where_its_data_are_missing(tmp_path: Path) -> None:
    definition = tiny_definition(dataset="fashion_mnist", n_val=59000, n_test=None)
    data, source = training_data(definition, tmp_path, None)
    assert data.images.shape == (1000 - definition.forget.size, 1, 28, 28)
    assert len(training_data(definition, tmp_path, 30)[0]) == 30
    assert "random images" in source
