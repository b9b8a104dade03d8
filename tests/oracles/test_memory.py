"""A pool whose groups do not fit in memory is finished in smaller ones, and nothing is lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.store import MANIFEST
from scorer.tasks.task import Task
from scorer.training import stacked
from scorer.training.loop import ModelSeeds, TrainingSet
from scorer.training.paths import TrainingPath, device_slug
from scorer.training.recipe import Recipe
from scorer.training.stacked import StackedTraining
from tests._engine import InlineEngine

N_MODELS = 5


class RoomForTwo(StackedTraining):
    """Runs out of memory, in the middle of training, where more than two models are trained."""

    def __init__(self, data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]) -> None:
        super().__init__(data, recipe, seeds)
        self._is_too_large = len(seeds) > 2

    def _loss(self, *inputs: torch.Tensor) -> torch.Tensor:
        if self._is_too_large:
            raise torch.OutOfMemoryError("out of memory")
        return super()._loss(*inputs)


def pool_of(task: Task, device: str, cache_dir: Path) -> Pool:
    """Return an empty pool whose path trains four models at once."""
    path = TrainingPath("stacked", 4, device_slug(torch.device(device)), "float32")
    return Pool(task, path, device, cache_dir, PUBLIC_SECRET)


def manifests(pool: Pool) -> list[bytes]:
    """Return the manifests of the oracles."""
    folders = [pool.store("oracle").folder(index) for index in range(N_MODELS)]
    return [(folder / MANIFEST).read_bytes() for folder in folders]


def test_models_are_the_same_bytes_as_with_enough_memory(
    tiny_task: Task,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    roomy, tight = (pool_of(tiny_task, "cpu", tmp_path / name) for name in ("roomy", "tight"))
    assert roomy.ensure({"oracle": N_MODELS}, InlineEngine(1)) == N_MODELS
    monkeypatch.setattr(stacked, "StackedTraining", RoomForTwo)
    with caplog.at_level(logging.WARNING, logger="scorer"):
        assert tight.ensure({"oracle": N_MODELS}, InlineEngine(1)) == N_MODELS
    assert manifests(tight) == manifests(roomy)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("4 models of `small_cnn` at once ran out of memory on this cpu")


@pytest.mark.gpu
def test_manifests_of_a_gpu_say_how_many_were_trained_at_once(
    tiny_task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacked, "StackedTraining", RoomForTwo)
    pool = pool_of(tiny_task, "cuda", tmp_path)
    pool.ensure({"oracle": N_MODELS}, InlineEngine(1))
    ks = [pool.store("oracle").manifest(index)["k"] for index in range(N_MODELS)]
    assert ks == [2, 2, 2, 2, 1]
