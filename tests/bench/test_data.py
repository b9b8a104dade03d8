"""Data of a bench: the task's own, or random ones of its shape."""

from __future__ import annotations

from pathlib import Path

import torch

from scorer.bench._data import training_data
from tests.conftest import tiny_definition


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
