"""Count what torch computes, in multiply-adds: by shapes, so that every machine counts alike.

This file is part of the program that runs submissions, so it imports nothing of the kit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

CONVOLUTION = torch.ops.aten.convolution
CONVOLUTION_BACKWARD = torch.ops.aten.convolution_backward


def _of_linear(result: Tensor, images: Tensor, weight: Tensor, *_: Any) -> int:
    return images.numel() * weight.shape[0]


def _of_convolution(result: Tensor, images: Tensor, weight: Tensor, *_: Any) -> int:
    return result.numel() * weight[0].numel()


def _of_attention(result: Any, query: Tensor, key: Tensor, value: Tensor, *_: Any) -> int:
    return int(sdpa_flop_count(query.shape, key.shape, value.shape)) // 2


def _of_attention_back(
    result: Any, outer: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any
) -> int:
    count = sdpa_backward_flop_count(outer.shape, query.shape, key.shape, value.shape)
    return int(count) // 2


OWN_FORMULAS: dict[str, Callable[..., int]] = {
    "_addmm_activation": lambda _, bias, left, right, *__: left.numel() * right.shape[1],
    "_int_mm": lambda _, left, right: left.numel() * right.shape[1],
    "_euclidean_dist": lambda result, left, _: result.numel() * left.shape[-1],
    "_cdist_forward": lambda result, left, *_: result.numel() * left.shape[-1],
    "mkldnn_linear": _of_linear,
    "_linear_pointwise": _of_linear,
    "mkldnn_convolution": _of_convolution,
    "_convolution_pointwise": _of_convolution,
    "_slow_conv2d_forward": _of_convolution,
    "_scaled_dot_product_flash_attention_for_cpu": _of_attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": _of_attention_back,
}
"""Multiply-adds of products for which `flop_registry` has no formula or a wrong one, from the
result and the arguments."""

LOOKUPS = (
    "index",
    "index_select",
    "gather",
    "take",
    "embedding",
    "index_put_",
    "_index_put_impl_",
    "index_copy_",
    "index_add_",
    "scatter_",
    "scatter_add_",
)
"""Kernels that reach into a tensor at some places: its size says nothing of what they do."""


class MultiplyAdds(TorchDispatchMode):
    """Counts the operations of every torch kernel that runs while it is active in a thread.

    Matrix products, convolutions and attention count the multiply-adds of their mathematics,
    forward and backward alike, whoever calls them (`torch.utils.flop_counter` has the formulas,
    `OWN_FORMULAS` what it lacks).
    Any other kernel counts one operation for each element of the largest tensor that it reads or
    writes, so that a product written out element by element counts what `torch.mm` counts. Views
    count nothing, and lookups only what they fetch or put.

    It sees the thread that entered it, and what autograd runs for that thread; `beside` is for
    other threads. Other processes and arithmetic outside torch it does not see.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._own = 0
        self._beside: list[MultiplyAdds] = []

    @property
    def total(self) -> int:
        """Return the operations counted so far, here and in the counters beside."""
        return self._own + sum(other.total for other in self._beside)

    def beside(self) -> MultiplyAdds:
        """Return a counter for another thread whose operations belong to this one's total."""
        other = MultiplyAdds()
        self._beside.append(other)
        return other

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run a kernel and count it; what is made of other kernels is counted as those."""
        del types
        kwargs = kwargs or {}
        if func.namespace == "prim":
            return func(*args, **kwargs)
        kernel = func.overloadpacket
        own = OWN_FORMULAS.get(kernel.__name__)
        if own is None and kernel not in flop_registry:
            with self:
                made_of_others = func.decompose(*args, **kwargs)
            if made_of_others is not NotImplemented:
                return made_of_others
        result = func(*args, **kwargs)
        if own is not None:
            self._own += own(result, *args)
        elif kernel is CONVOLUTION_BACKWARD:
            self._own += _n_back(*args, **kwargs)
        elif kernel in flop_registry:
            # The formulas count a multiplication and an addition as two.
            self._own += flop_registry[kernel](*args, **kwargs, out_val=result) // 2
        elif not func.is_view and kernel.__name__ != "_unsafe_view":
            self._own += _n_elements(kernel.__name__, args, kwargs, result)
        return result


def _n_back(outer: Tensor, images: Tensor, weight: Tensor, *how: Any) -> int:
    """Return the multiply-adds of the way back through a convolution: as many as forward for each
    of the two gradients that are wanted. The formula in torch 2.14 leaves out that groups divide
    the work, as gradients of single examples have them.
    """
    _, stride, padding, dilation, transposed, _, _, wanted = how
    forward = flop_registry[CONVOLUTION](
        images, weight, None, stride, padding, dilation, transposed, out_val=outer
    )
    return sum(wanted[:2]) * forward // 2


def _n_elements(kernel: str, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any) -> int:
    """Return the elements of the largest tensor, or list of tensors, that a kernel handles."""
    if kernel in LOOKUPS:
        is_in_place = bool(args) and result is args[0]
        args, result = args[1:], None if is_in_place else result
    results = result if isinstance(result, tuple) else (result,)
    return max((_size(each) for each in (*args, *kwargs.values(), *results)), default=0)


def _size(value: Any) -> int:
    """Return the number of elements of a tensor or of all tensors in a list; 0 for the rest."""
    if isinstance(value, Tensor):
        return value.numel()
    return sum(map(_size, value)) if isinstance(value, list | tuple) else 0
