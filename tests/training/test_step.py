"""One step: learning rate, settings of the process, and the CUDA graph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from scorer.training import step as step_module
from scorer.training.loop import LoopTraining, TrainingSet, make_optimizer
from scorer.training.step import TrainingStep, training_settings
from tests.training._common import digits, largest_difference, recipe, seeds_of

CPU = torch.device("cpu")


def test_a_step_moves_by_the_learning_rate_it_is_given() -> None:
    weight = nn.Parameter(torch.zeros(2))
    settings = recipe(momentum=0.0, weight_decay=0.0)
    optimizer = make_optimizer([weight], settings, CPU)

    def loss(slope: Tensor) -> Tensor:
        return (slope * weight).sum()

    train_step = TrainingStep(loss, optimizer, CPU)
    train_step(0.5, torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(weight.detach(), torch.tensor([-0.5, -1.0]))
    train_step(0.25, torch.tensor([4.0, 0.0]))
    torch.testing.assert_close(weight.detach(), torch.tensor([-1.5, -1.0]))


def test_settings_are_put_back_after_an_error() -> None:
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError), training_settings(CPU):
            assert torch.get_num_threads() == 1
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(n_threads)


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_graph_and_plain_steps_train_the_same_model(
    optimizer: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = digits(640)
    on_gpu = TrainingSet(data.images.cuda(), data.labels.cuda(), 10)
    rate = 0.1 if optimizer == "sgd" else 1e-3
    settings = recipe(
        optimizer=optimizer,
        learning_rate=rate,
        dtype=dtype,
        batch_size=64,
        augmentation="shift2",
        class_weights="inverse_count",
    )
    replays: list[int] = []
    replay = torch.cuda.CUDAGraph.replay

    def counted(graph: torch.cuda.CUDAGraph) -> None:
        replays.append(1)
        replay(graph)

    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", counted)

    def trained() -> nn.Module:
        training = LoopTraining(on_gpu, settings, *seeds_of(0))
        assert len(list(training.steps())) == 10
        return training.net

    captured = trained()
    assert len(replays) == 10 - step_module.WARM_UP_STEPS
    monkeypatch.setattr(step_module, "WARM_UP_STEPS", 1000)
    plain = trained()
    assert len(replays) == 10 - 3
    assert largest_difference(captured, plain) < (1e-2 if dtype == "float32" else 0.1)
