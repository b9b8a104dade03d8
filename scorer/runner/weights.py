"""The weights that a run returns: nothing is loaded before names, shapes and dtypes are right."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from scorer.runner.faults import Fault
from scorer.runner.messages import TooLarge, Unbelievable, read_object, read_plain

SIZE_FACTOR = 1.5
SIZE_SLACK = 2**20

MODEL = "model.safetensors"

DTYPES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "I32": "int32", "BOOL": "bool"},
}
"""What torch calls the dtypes of safetensors."""

State = Mapping[str, Tensor]
"""Parameters and buffers of a network by name, on the CPU."""

Forms = Mapping[str, tuple[str, list[int]]]
"""Dtype, as safetensors calls it, and shape of each tensor by name."""


def forms_of(content: bytes) -> Forms:
    """Return what a safetensors file says that it holds, without its numbers.

    Raises:
        Unbelievable: its head cannot be read.
    """
    if len(content) < 8:
        raise Unbelievable(f"{MODEL} must have a head, got {len(content)} bytes")
    (size,) = struct.unpack("<Q", content[:8])
    if size > len(content) - 8:
        raise Unbelievable(f"{MODEL} must be longer than its head, got {len(content)} bytes")
    head = read_object(content[8 : 8 + size], f"the head of {MODEL}")
    head.pop("__metadata__", None)
    return {name: _form(name, about) for name, about in head.items()}


def _form(name: str, about: Any) -> tuple[str, list[int]]:
    """Return dtype and shape of one tensor."""
    if isinstance(about, dict):
        dtype, shape = about.get("dtype"), about.get("shape")
        if isinstance(dtype, str) and isinstance(shape, list):
            return dtype, shape
    raise Unbelievable(f"{MODEL} must say dtype and shape of {name[:80]!r}, got {str(about)[:80]}")


def difference(original: Forms, returned: Forms) -> str:
    """Return how a state differs from the original's in names, shapes or dtypes, or ""."""
    missing = sorted(original.keys() - returned.keys())
    extra = sorted(returned.keys() - original.keys())
    if missing or extra:
        return (
            "the returned network must have the original's parameters and buffers; missing"
            f" {missing[:5]}, not expected {[name[:80] for name in extra[:5]]}"
            f"{_lies_in(original, returned)}"
        )
    for name, (dtype, shape) in original.items():
        found_dtype, found_shape = returned[name]
        if (dtype, shape) != (found_dtype, found_shape):
            wanted, got = _shown(dtype, shape), _shown(found_dtype, found_shape)
            return f"`{name}` must have {wanted}, got {got}"
    return ""


def _lies_in(original: Forms, returned: Forms) -> str:
    """Return what to do where all of the original's names stand behind one more, "" elsewhere."""
    name = next(iter(original), "")
    for each in returned:
        around = each.removesuffix(name).removesuffix(".")
        if each == f"{around}.{name}" and all(f"{around}.{one}" in returned for one in original):
            return (
                f"; the network lies in `{around[:80]}` of what was returned: return that, if the"
                " rest changes nothing"
            )
    return ""


def _shown(dtype: str, shape: list[int]) -> str:
    """Return "shape [10, 64] and dtype float32"."""
    return f"shape {shape} and dtype {DTYPES.get(dtype, dtype)}"[:200]


def read_state(folder: int, original: Forms, n_bytes: int) -> tuple[State | None, Fault | None]:
    """Return a checked state, or why it is not one.

    Args:
        folder: descriptor of the run's own, opened before it.
        original: what the state has to be like.
        n_bytes: of the original's file.
    """
    try:
        content = read_plain(MODEL, folder, int(SIZE_FACTOR * n_bytes) + SIZE_SLACK)
        problem = difference(original, forms_of(content))
        if problem:
            return None, Fault("shape_mismatch", problem)
        state = load_tensors(content)
    except FileNotFoundError:
        return None, Fault("bad_return", "the run left no weights")
    except TooLarge as error:
        return None, Fault("shape_mismatch", f"the returned network is too large: {error}")
    except (Unbelievable, SafetensorError, KeyError, ValueError) as error:
        return None, Fault("bad_return", f"the returned weights cannot be read: {error}")
    return (None, fault) if (fault := _unfit(state)) else (state, None)


def _unfit(state: State) -> Fault | None:
    """Return the fault of a state whose numbers no network can work with."""
    for name, tensor in state.items():
        if not tensor.is_floating_point():
            continue
        if not tensor.isfinite().all():
            return Fault("non_finite", f"`{name}` has NaN or infinite values")
        if name.endswith("running_var") and bool((tensor < 0).any()):
            what = f"`{name}` must not be negative: outputs would be NaN, got {tensor.min():g}"
            return Fault("non_finite", what)
    return None
