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

    On a GPU the first `WARM_UP_STEPS` calls run plainly, the next one captures the whole step, and
    it and all later ones replay that: one launch instead of some hundred. So all calls must bring
    inputs of the same shapes, and `loss` must not wait for the device. Where no graph comes of it,
    a warning says so and the steps go on plainly.
    """

    def __init__(self, loss: Callable[..., Tensor], optimizer: torch.optim.Optimizer) -> None:
        """Prepare; nothing runs yet.

        Args:
            loss: maps the inputs of a step to a scalar.
            optimizer: from `scorer.training.loop.make_optimizer`, for the device that parameters
                and inputs lie on.
        """
        self._loss = loss
        self._optimizer = optimizer
        # With its number, which a name such as "cuda" leaves to whatever device is current.
        self._device: torch.device = optimizer.param_groups[0]["params"][0].device
        self._captures = self._device.type == "cuda"
        self._n_plain = 0
        self._inputs: tuple[Tensor, ...] = ()
        self._stream: torch.cuda.Stream | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        # Kept as long as the graph, whose every replay writes to it.
        self._n_recorded = torch.zeros((), dtype=torch.int64, device=self._device)

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
        if not self._captures:
            self._run(*inputs)
            return
        self._keep(inputs)
        if self._graph is not None:
            self._graph.replay()
            return
        # A stream belongs to the device that is current when it is made, and a graph to that of
        # its stream: on another one it would hold nothing.
        with torch.cuda.device(self._device):
            if self._n_plain < WARM_UP_STEPS:
                self._run_aside()
            else:
                self._begin_graph()

    def end(self) -> None:
        """Drop the gradients, which would keep the memory of a CUDA graph from being freed."""
        self._optimizer.zero_grad(set_to_none=True)

    def _run(self, *inputs: Tensor) -> None:
        """Run one step, kernel by kernel."""
        self._optimizer.zero_grad(set_to_none=True)
        self._loss(*inputs).backward()
        self._optimizer.step()

    def _keep(self, inputs: tuple[Tensor, ...]) -> None:
        """Copy the inputs to where a graph reads them."""
        if not self._inputs:
            self._inputs = tuple(value.clone() for value in inputs)
        else:
            for static, value in zip(self._inputs, inputs, strict=True):
                static.copy_(value)

    def _run_aside(self) -> None:
        """Run one plain step on the stream of the capture, as that requires of warm-up."""
        if self._stream is None:
            self._stream = torch.cuda.Stream(self._device)
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            self._run(*self._inputs)
        torch.cuda.current_stream(self._device).wait_stream(self._stream)
        self._n_plain += 1

    def _begin_graph(self) -> None:
        """Record a step and take it by the first replay; where that fails, take it plainly.

        The step counts itself, on the device: parameters do not tell whether it was taken, they
        stay where they are at a rate of 0. To read the count is to wait for the device, once a
        training.
        """
        self._set_capturable(True)
        graph = torch.cuda.CUDAGraph()
        problem = ""
        try:
            with torch.cuda.graph(graph, stream=self._stream):
                self._run(*self._inputs)
                self._n_recorded.add_(1)
            n_at_capture = self._n_recorded.clone()
            graph.replay()
            if torch.stack([n_at_capture, self._n_recorded]).tolist() != [0, 1]:
                problem = "its graph came out empty"
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            problem = str(error)
        if not problem:
            self._graph = graph
            return
        logger.warning("the step cannot be run as a CUDA graph, it runs plainly: %s", problem)
        self._captures = False
        self._set_capturable(False)
        # What was not recorded may have run instead, and was the step then.
        if not self._n_recorded.item():
            self._run(*self._inputs)

    def _set_capturable(self, is_capturable: bool) -> None:
        """Tell optimisers that want to know whether their step is recorded."""
        for group in self._optimizer.param_groups:
            if "capturable" in group:
                group["capturable"] = is_capturable
