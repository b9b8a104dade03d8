"""A GPU that is not there: tensors that say they lie on `cuda:1` and hold their values on the CPU.

PyTorch's fake tensors know devices, but no values: whatever depends on data ends with them. Here
every operation is refused where a GPU would refuse it, computed on the CPU, and its result put on
the device that it belongs to. So code runs to its end, and what it makes can be compared with what
it makes on a CPU. Not seen are kernels themselves, autocast, and what runs beside something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from tests.rehearsal._graphs import Cuda, outside, waits

DEVICE = torch.device("cuda:1")
"""Not the first: code that takes the current device, which is `cuda:0`, is found out."""

HOST = torch.device("cpu")

COPIES = {"_to_copy", "copy_", "lift_fresh"}
"""Operations that may read another device than they write."""

INDEXING = {"index", "index_put", "index_put_"}
"""Operations that take indices of the host."""


class DeviceMix(RuntimeError):
    """An operation on tensors of two devices, or on a device where nothing is to be."""


class OnGpu(Tensor):
    """A tensor on `cuda:1`.

    Attributes:
        held: its values, on the CPU.
    """

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: Tensor) -> OnGpu:
        # Torch itself knows sizes, strides and offset, of a tensor without memory.
        shape, strides, offset = held.shape, held.stride(), held.storage_offset()
        with outside():
            if offset:
                n_bytes = held.untyped_storage().nbytes()
                memory = torch.empty(n_bytes, dtype=torch.uint8, device="meta").untyped_storage()
                shell = torch.empty(0, dtype=held.dtype, device="meta")
                shell.set_(memory, offset, shape, strides)
            else:
                shell = torch.empty_strided(shape, strides, dtype=held.dtype, device="meta")
        made = Tensor._make_subclass(cls, shell, False, device_for_backend_keys=DEVICE)
        made.held = held
        return made

    device = property(lambda self: DEVICE)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)
    is_meta = property(lambda self: False)

    @property
    def data(self) -> Tensor:
        """Return the same values, outside of autograd."""
        return self.detach()

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, OnGpu):
            raise DeviceMix("`.data` of a tensor on the GPU was set to a tensor of the host")
        Tensor.data.__set__(self, value)
        self.held = value.held

    def numpy(self, *, force: bool = False) -> Any:
        """Refuse, as torch does."""
        raise TypeError("can't convert a tensor of the GPU to numpy; copy it to the host first")

    def tolist(self) -> Any:
        """Return the values."""
        return self.detach().cpu().tolist()

    def __repr__(self, **_: Any) -> str:
        return f"OnGpu({self.held!r})"

    def __deepcopy__(self, memo: dict[int, Any]) -> OnGpu:
        copied = OnGpu(self.held.clone()).requires_grad_(self.requires_grad)
        copied._is_param = getattr(self, "_is_param", False)
        memo[id(self)] = copied
        return copied

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise DeviceMix(f"{func} was called on a tensor of a rehearsal that is over")


class Gpu(TorchDispatchMode):
    """Runs every operation on the host's processor, and refuses what a GPU would refuse.

    Attributes:
        cuda: its streams and graphs.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cuda = Cuda()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one operation."""
        leaves, form = tree_flatten((args, dict(kwargs or {})))
        tensors = [each for each in leaves if isinstance(each, Tensor)]
        device = output_device(tensors, kwargs or {})
        check_devices(func, leaves, tensors, device)
        shells = {id(held(each)): each for each in tensors}
        held_args, held_kwargs = form.unflatten([held(each) for each in leaves])
        if "device" in held_kwargs:
            held_kwargs["device"] = HOST
        held_kwargs.pop("pin_memory", None)
        is_asked = device == HOST or waits(func, held_args)
        if is_asked and any(each.device == DEVICE for each in tensors):
            self.cuda.calls.append(("read", DEVICE))
        capture = self.cuda.capture
        with outside():
            if capture is not None and capture.device == DEVICE:
                n_devices = len({device, *(each.device for each in tensors)})
                values = capture.add(func, held_args, held_kwargs, n_devices)
            else:
                values = func(*held_args, **held_kwargs)

        def on_device(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            written = shells.get(id(value))
            if written is not None:
                return written
            return OnGpu(value) if device == DEVICE else value

        return on_device(values) if isinstance(values, Tensor) else tree_map(on_device, values)


def held(value: Any) -> Any:
    """Return the values of a tensor on the GPU, and anything else as it is."""
    return value.held if isinstance(value, OnGpu) else value


def output_device(tensors: Sequence[Tensor], kwargs: Mapping[str, Any]) -> torch.device:
    """Return where the results of an operation lie."""
    named = kwargs.get("device")
    if named is not None:
        # Inside torch, what is made like a tensor on the GPU takes the device of its shell.
        return DEVICE if named.type == "meta" else named
    devices = [each.device for each in tensors if each.dim()] or [each.device for each in tensors]
    return devices[0] if devices else HOST


def check_devices(
    func: Any, leaves: Sequence[Any], tensors: Sequence[Tensor], device: torch.device
) -> None:
    """Raise where an operation reads of two devices, or draws for one by a generator of another.

    As on a GPU, the host may give scalars and indices.
    """
    name = func.overloadpacket.__name__
    if device not in (DEVICE, HOST):
        raise DeviceMix(f"{name} made a tensor on {device}, but work is on {DEVICE}")
    found = {each.device for each in tensors if each.dim() or each.device == DEVICE}
    if name in INDEXING and tensors[0].device == DEVICE:
        found.discard(HOST)
    if name not in COPIES and len(found) > 1:
        raise DeviceMix(f"{name} got tensors on {sorted(map(str, found))}")
    for each in leaves:
        if isinstance(each, torch.Generator) and each.device != device:
            raise DeviceMix(f"{name} on {device} got a generator on {each.device}")


@contextmanager
def rehearsal() -> Iterator[Cuda]:
    """Let `cuda:1` be there, and yield what stands for its streams and graphs."""
    gpu = Gpu()
    with pytest.MonkeyPatch.context() as patch:
        for name, stand_in in gpu.cuda.stand_ins().items():
            patch.setattr(torch.cuda, name, stand_in)
        patch.setattr(torch.accelerator, "current_stream", lambda: gpu.cuda)
        # Modules that move keep their parameters, and nothing is made on a GPU at once.
        swaps = torch.__future__.get_swap_module_params_on_conversion()
        lifts = torch._C._only_lift_cpu_tensors()
        torch.__future__.set_swap_module_params_on_conversion(True)
        torch._C._set_only_lift_cpu_tensors(True)
        try:
            # This mode does nothing here but keep torch from looking for a GPU.
            with FakeTensorMode(), gpu:
                yield gpu.cuda
        finally:
            torch._C._set_only_lift_cpu_tensors(lifts)
            torch.__future__.set_swap_module_params_on_conversion(swaps)
