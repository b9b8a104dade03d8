"""Counts and floors, on a network small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from scorer.bench import Settings, floors
from scorer.bench._loops import training_data
from scorer.bench.floors import ACTIVATION_PASSES, PARAMETER_PASSES, StepCost, step_cost
from scorer.tasks import TASKS
from scorer.training import models
from scorer.training.loop import TrainingSet
from tests.training._common import recipe

N_IN, N_OUT, BATCH = 12, 10, 16


class OneLayer(nn.Module):
    """A linear layer without bias on flat images."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(N_IN, N_OUT, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        return self.layer(images.flatten(1))


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_operations_and_bytes_of_a_linear_layer(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.ARCHITECTURES, "one_layer", lambda *_: OneLayer())
    # More images than a batch: only those of the batch are read.
    n_images = 5 * BATCH
    images = torch.zeros(n_images, 3, 2, 2)
    data = TrainingSet(images, torch.zeros(n_images, dtype=torch.int64), N_OUT)
    cost = step_cost(data, recipe(architecture="one_layer", optimizer=optimizer, batch_size=BATCH))
    # One product forward and one for the weights' gradient; images need none.
    assert cost.flops == 2 * (2 * BATCH * N_IN * N_OUT)
    weights = PARAMETER_PASSES[optimizer] * 4 * N_IN * N_OUT
    # Images, log-probabilities, labels and the loss's total weight are kept for the way back.
    kept = 4 * BATCH * N_IN + 4 * BATCH * N_OUT + 8 * BATCH + 4
    assert cost.n_bytes == weights + ACTIVATION_PASSES * kept


def test_the_least_time_is_a_count_over_a_speed() -> None:
    cost = StepCost(flops=600, n_bytes=100)
    assert cost.least_s(flops_per_s=100.0, bytes_per_s=50.0) == {"arithmetic": 6.0, "traffic": 2.0}


def test_least_time_of_a_pool(settings: Settings) -> None:
    report = floors.count(replace(settings, task=""), tasks=("tiny",))
    data, _ = training_data(TASKS["tiny"], settings.data_dir, None)
    n_steps = 2 * (len(data) // 64)
    cost = step_cost(data, TASKS["tiny"].recipe)
    minutes = floors.N_MODELS * n_steps / 60
    assert report.values["tiny_arithmetic_min"] == pytest.approx(
        minutes * cost.flops / floors.FLOPS_PER_S
    )
    assert report.values["tiny_traffic_min"] == pytest.approx(
        minutes * cost.n_bytes / floors.BYTES_PER_S
    )
    assert report.command == "python -m scorer bench floors --rounds 2"
