"""What stands for streams and CUDA graphs of a GPU that is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_iter

DEPENDS_ON_DATA = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}
"""Marks of operations that make the host wait for the GPU."""


outside = torch._C._DisableTorchDispatch
"""A block in which operations reach the CPU and nothing of the rehearsal."""


class Stream:
    """Stands for `torch.cuda.Stream`; nothing here runs beside anything else."""

    def __init__(self, cuda: Cuda, device: Any = None) -> None:
        self.cuda = cuda
        self.device = cuda.device_of(device)

    def wait_stream(self, other: Stream) -> None:
        """Note the call."""
        self.cuda.calls.append(("wait", self.device))


class Graph:
    """Stands for `torch.cuda.CUDAGraph`.

    A capture holds what is called on the device of its stream, and undoes what that wrote, since
    nothing runs on a GPU before the replay. What is called on other devices runs at once.

    Attributes:
        device: of the stream of the capture.
    """

    def __init__(self, cuda: Cuda) -> None:
        self._cuda = cuda
        self._record: list[tuple[Any, Any, Any, Any]] = []
        self._written: list[tuple[Tensor, Tensor]] = []
        self.device = torch.device("cuda", 0)

    def add(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], n_devices: int) -> Any:
        """Record an operation on values, and return what it gives.

        Raises:
            RuntimeError: the host would have to wait for the GPU, or to copy.
        """
        if waits(func, args) or n_devices > 1:
            raise RuntimeError(f"operation not permitted when stream is capturing: {func}")
        self._written += [(each, each.clone()) for each in written_by(func, args, kwargs)]
        values = func(*args, **kwargs)
        self._record.append((func, args, kwargs, values))
        return values

    def undo(self) -> None:
        """Put back what the capture wrote."""
        with outside():
            for written, before in reversed(self._written):
                written.copy_(before)
        self._written.clear()

    def replay(self) -> None:
        """Run what was recorded, on the same memory."""
        self._cuda.calls.append(("replay", self.device))
        with outside():
            for func, args, kwargs, values in self._record:
                new_values = func(*args, **kwargs)
                for old, new in zip(tree_iter(values), tree_iter(new_values), strict=True):
                    if isinstance(old, Tensor) and old is not new:
                        old.copy_(new)


def waits(func: Any, args: Sequence[Any]) -> bool:
    """Tell whether the host must see values before it can go on."""
    if func.overloadpacket.__name__ == "index":  # of whose indices only masks are looked at
        return any(each.dtype == torch.bool for each in args[1] if each is not None)
    return not DEPENDS_ON_DATA.isdisjoint(func.tags)


def written_by(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """Return the tensors that an operation writes to."""
    arguments = func._schema.arguments
    given = {**dict(zip([each.name for each in arguments], args, strict=False)), **kwargs}
    names = [each.name for each in arguments if each.alias_info and each.alias_info.is_write]
    if func.overloadpacket.__name__ == "native_batch_norm":  # whose schema does not say so
        names += ["running_mean", "running_var"]
    leaves = tree_iter([given.get(name) for name in names])
    return [each for each in leaves if isinstance(each, Tensor)]


class Cuda:
    """Stands for what `torch.cuda` knows of devices, streams and graphs.

    Attributes:
        current: number of the current device: 0 unless somebody says otherwise.
        capture: the graph that is being recorded, None outside of a capture.
        calls: what was asked of streams and graphs, and "read" where the host read a tensor of the
            GPU, each with the device, in order.
    """

    def __init__(self) -> None:
        self.current = 0
        self.capture: Graph | None = None
        self.calls: list[tuple[str, torch.device]] = []

    def device_of(self, device: Any) -> torch.device:
        """Return a device with its number."""
        found = torch.device("cuda" if device is None else device)
        return torch.device("cuda", self.current if found.index is None else found.index)

    def is_capturing(self) -> bool:
        """Tell whether a graph is being captured; optimisers ask that of the current stream."""
        return self.capture is not None

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        """Make a device the current one."""
        before, self.current = self.current, self.device_of(device).index
        try:
            yield
        finally:
            self.current = before

    @contextmanager
    def stream(self, stream: Stream) -> Iterator[None]:
        """Make a stream the current one, and so its device."""
        self.calls.append(("stream", stream.device))
        with self.device(stream.device):
            yield

    @contextmanager
    def graph(self, graph: Graph, stream: Stream | None = None) -> Iterator[None]:
        """Capture; without a stream on one of the device that is current."""
        graph.device = self.device_of(None) if stream is None else stream.device
        self.calls.append(("capture", graph.device))
        self.capture = graph
        try:
            yield
        finally:
            self.capture = None
            graph.undo()

    def stand_ins(self) -> dict[str, Any]:
        """Return what takes the place of functions and classes in `torch.cuda`, by name."""
        return {
            "device": self.device,
            "stream": self.stream,
            "graph": self.graph,
            "Stream": lambda device=None: Stream(self, device),
            "CUDAGraph": lambda: Graph(self),
            "current_stream": lambda device=None: Stream(self, device),
            "get_device_name": lambda device=None: "A GPU",
            "is_bf16_supported": lambda: True,
            "synchronize": lambda device=None: None,
            "is_available": lambda: True,
        }
