"""One optimiser step, run many times: plainly on a CPU, captured as a CUDA graph on a GPU.

The code for a GPU (capture, tensor learning rate, `cudnn.benchmark`) follows PyTorch's notes on
CUDA graphs ("whole-network capture").
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

logger = logging.getLogger("scorer")

WARM_UP_STEPS = 3
"""Plain steps on a side stream before capture; they are steps of the training like any other."""


@contextmanager
def training_settings(device: torch.device) -> Iterator[None]:
    """Set what all training wants of this process, and put it back afterwards.

    On a CPU: one thread. Two lose to two processes of one thread each, and reductions over
    several threads add up in another order, so the bytes of a model would depend on the number.
    On a GPU: let cuDNN time its kernels and take the fastest.
    """
    benchmark, n_threads = torch.backends.cudnn.benchmark, torch.get_num_threads()
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    else:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = benchmark
        torch.set_num_threads(n_threads)


class TrainingStep:
    """Zero the gradients, compute a loss, go back through it, let the optimiser move.

    On a GPU the first `WARM_UP_STEPS` calls run plainly, then the whole step is
    captured once and replayed: one launch instead of some hundred. So all calls must bring
    inputs of the same shapes, and `loss` must not wait for the device.
    """

    def __init__(
        self,
        loss: Callable[..., Tensor],
        optimizer: torch.optim.Optimizer,
        device: torch.device,
    ) -> None:
        """Prepare; nothing runs yet.

        Args:
            loss: maps the inputs of a step to a scalar.
            optimizer: from `scorer.training.loop.make_optimizer` for that device.
            device: of parameters and inputs.
        """
        self._loss = loss
        self._optimizer = optimizer
        self._captures = device.type == "cuda"
        self._n_plain = 0
        self._inputs: tuple[Tensor, ...] = ()
        self._side_stream: torch.cuda.Stream | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, learning_rate: float, *inputs: Tensor) -> None:
        """Run one step.

        Args:
            learning_rate: of this step.
            inputs: what `loss` takes, on the device.
        """
        for group in self._optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(learning_rate)
            else:
                group["lr"] = learning_rate
        if self._captures:
            self._run_graph(inputs)
        else:
            self._run(*inputs)

    def end(self) -> None:
        """Drop the gradients, which would keep the memory of a CUDA graph from being freed."""
        self._optimizer.zero_grad(set_to_none=True)

    def _run(self, *inputs: Tensor) -> None:
        """Run one step, kernel by kernel."""
        self._optimizer.zero_grad(set_to_none=True)
        self._loss(*inputs).backward()
        self._optimizer.step()

    def _run_graph(self, inputs: tuple[Tensor, ...]) -> None:
        """Run one step on the static inputs, by replay once there is a graph."""
        if not self._inputs:
            self._inputs = tuple(value.clone() for value in inputs)
        else:
            for static, value in zip(self._inputs, inputs, strict=True):
                static.copy_(value)
        if self._graph is None and self._n_plain >= WARM_UP_STEPS:
            self._capture()
        if self._graph is not None:
            self._graph.replay()
        else:
            self._run_aside()

    def _run_aside(self) -> None:
        """Run one plain step on a side stream, as capture requires of warm-up."""
        if self._side_stream is None:
            self._side_stream = torch.cuda.Stream()
        self._side_stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._side_stream):
            self._run(*self._inputs)
        torch.cuda.current_stream().wait_stream(self._side_stream)
        self._n_plain += 1

    def _capture(self) -> None:
        """Record one step without running it; where that fails, say so and stay plain."""
        for group in self._optimizer.param_groups:
            if "capturable" in group:
                group["capturable"] = True
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._run(*self._inputs)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            logger.warning(
                "the step cannot be captured as a CUDA graph, it runs plainly: %s", error
            )
            self._captures = False
            self._optimizer.zero_grad(set_to_none=True)
            return
        self._graph = graph
