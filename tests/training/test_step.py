"""One step: learning rate, settings of the process, and the CUDA graph."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from scorer.training import step as step_module
from scorer.training.loop import LoopTraining, TrainingSet, make_optimizer
from scorer.training.stacked import StackedTraining
from scorer.training.step import WARM_UP_STEPS, TrainingStep, training_settings
from tests.rehearsal._gpu import DEVICE, rehearsal
from tests.rehearsal._graphs import Cuda, Graph
from tests.training._common import digits, largest_difference, recipe, seeds_of

CPU = torch.device("cpu")
N_STEPS = 7


def test_a_step_moves_by_the_learning_rate_it_is_given() -> None:
    weight = nn.Parameter(torch.zeros(2))
    settings = recipe(momentum=0.0, weight_decay=0.0)
    optimizer = make_optimizer([weight], settings, CPU)

    def loss(slope: Tensor) -> Tensor:
        return (slope * weight).sum()

    train_step = TrainingStep(loss, optimizer)
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


class Run:
    """Steps of two weights on one device: a different slope and rate each.

    Attributes:
        weight: the two.
        optimizer: that moves them.
        train_step: the step.
        n_losses: how often the loss was computed, or recorded.
    """

    def __init__(self, device: torch.device, optimizer: str = "adam") -> None:
        self.weight = nn.Parameter(torch.ones(2, device=device))
        settings = recipe(optimizer=optimizer, weight_decay=0.0)
        self.optimizer = make_optimizer([self.weight], settings, device)
        self.train_step = TrainingStep(self.loss, self.optimizer)
        self.n_losses = 0

    def loss(self, slope: Tensor) -> Tensor:
        """Return a loss with that slope at the start."""
        self.n_losses += 1
        return (slope * self.weight).sum() + (self.weight**2).sum()

    def steps(self, n_steps: int = N_STEPS, rate: float = 0.1) -> Tensor:
        """Take that many steps, and return the weights on the host."""
        for number in range(n_steps):
            slope = torch.tensor([number - 1.5, 0.5], device=self.weight.device)
            self.train_step(rate / (number + 1), slope)
        self.train_step.end()
        return self.weight.detach().cpu()


each_optimizer = pytest.mark.parametrize("optimizer", ["sgd", "adam"])


@each_optimizer
def test_a_gpu_replays_what_it_captured_after_the_warm_up(
    optimizer: str, caplog: pytest.LogCaptureFixture
) -> None:
    with rehearsal() as cuda:
        run = Run(DEVICE, optimizer)
        cuda.calls.clear()
        found = run.steps()
    torch.testing.assert_close(found, Run(CPU, optimizer).steps())
    names = [name for name, _ in cuda.calls]
    assert names == [
        *["wait", "stream", "wait"] * WARM_UP_STEPS,
        "capture",
        *["replay", "read"],  # whether the graph holds the step: asked once
        *["replay"] * (N_STEPS - WARM_UP_STEPS - 1),
        "read",  # by the test
    ]
    # On the device of the parameters, though another one is current.
    assert {device for _, device in cuda.calls} == {DEVICE}
    assert run.n_losses == WARM_UP_STEPS + 1
    assert not caplog.records


@each_optimizer
@pytest.mark.parametrize("kind", ["loop", "stacked"])
def test_replayed_trainings_are_those_of_plain_steps(
    kind: str, optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = digits(160)
    rate = 0.1 if optimizer == "sgd" else 1e-3
    settings = recipe(
        optimizer=optimizer,
        learning_rate=rate,
        batch_size=32,
        augmentation="shift2",
        class_weights="inverse_count",
    )

    def trained() -> tuple[nn.Module, int]:
        with rehearsal() as cuda:
            on_gpu = TrainingSet(data.images.to(DEVICE), data.labels.to(DEVICE), 10)
            if kind == "loop":
                loop = LoopTraining(on_gpu, settings, *seeds_of(0))
                assert len(list(loop.steps())) == 5
                net = loop.net
            else:
                stacked = StackedTraining(on_gpu, settings, seeds_of(0, 1))
                assert len(list(stacked.steps())) == 5
                net = stacked.models()[1]
            return net.cpu(), sum(name == "replay" for name, _ in cuda.calls)

    captured, n_replays = trained()
    monkeypatch.setattr(step_module, "WARM_UP_STEPS", 1000)
    plain, n_other_replays = trained()
    assert (n_replays, n_other_replays) == (2, 0)
    assert largest_difference(captured, plain) == 0


@pytest.mark.parametrize("idle", ["rate", "gradients"])
def test_a_step_that_changes_nothing_is_no_failed_graph(
    idle: str, caplog: pytest.LogCaptureFixture
) -> None:
    with rehearsal() as cuda:
        run = Run(DEVICE, "sgd")
        if idle == "gradients":
            run.train_step._loss = lambda slope: (run.weight * 0 * slope).sum()
        found = run.steps(rate=0.0 if idle == "rate" else 0.1)
    assert torch.equal(found, torch.ones(2))
    assert [name for name, _ in cuda.calls].count("replay") == N_STEPS - WARM_UP_STEPS
    assert not caplog.records


def on_another_device(cuda: Cuda, patch: pytest.MonkeyPatch) -> None:
    """Let captures be of the first device: the step then runs at once, and its graph is empty."""

    @contextmanager
    def graph(graph: Graph, stream: Any = None) -> Any:
        del stream
        with cuda.device("cuda:0"), cuda.graph(graph):
            yield

    patch.setattr(torch.cuda, "graph", graph)


def lost(cuda: Cuda, patch: pytest.MonkeyPatch) -> None:
    """Let replays do nothing."""
    patch.setattr(Graph, "replay", lambda self: cuda.calls.append(("replay", self.device)))


def refused(cuda: Cuda, patch: pytest.MonkeyPatch) -> None:
    """Let captures fail before they begin."""

    def graph(graph: Graph, stream: Any = None) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing: for a test")

    patch.setattr(torch.cuda, "graph", graph)


def waiting(cuda: Cuda, patch: pytest.MonkeyPatch) -> None:
    """Let the loss wait for the device, at which a capture fails half-way."""
    loss = Run.loss

    def waits(self: Run, slope: Tensor) -> Tensor:
        assert slope.sum().item() < 100
        return loss(self, slope)

    patch.setattr(Run, "loss", waits)


@each_optimizer
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (on_another_device, "its graph came out empty"),
        (lost, "its graph came out empty"),
        (refused, "operation not permitted"),
        (waiting, "operation not permitted"),
    ],
)
def test_without_a_graph_each_step_is_taken_plainly_and_once(
    spoil: Callable[[Cuda, pytest.MonkeyPatch], None],
    reason: str,
    optimizer: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    expected = Run(CPU, optimizer).steps()
    with rehearsal() as cuda, monkeypatch.context() as patch:
        spoil(cuda, patch)
        run = Run(DEVICE, optimizer)
        found = run.steps()
        state = [value for each in run.optimizer.state.values() for value in each.values()]
        assert {value.device for value in state} == {DEVICE}
        counts = [each["step"].item() for each in run.optimizer.state.values() if "step" in each]
    torch.testing.assert_close(found, expected)
    assert counts == ([N_STEPS] if optimizer == "adam" else [])
    assert not any(group.get("capturable", False) for group in run.optimizer.param_groups)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "runs plainly" in record.getMessage()
    assert reason in record.getMessage()


def test_a_capture_without_memory_is_no_reason_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def graph(graph: Graph, stream: Any = None) -> Any:
        raise torch.OutOfMemoryError("for a test")

    with rehearsal(), monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "graph", graph)
        with pytest.raises(torch.OutOfMemoryError, match="for a test"):
            Run(DEVICE).steps()


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
