"""K models at once: `torch.func` turns their K small kernels into one K times as wide.

Parameters and buffers of K models are stacked, the network is mapped over them, and one
elementwise optimiser moves all of them. Seeds, batches, augmentation, loss and schedule of a model
are those of the plain loop, so both sample the same distribution; only rounding differs.

On a CPU the mapped convolutions run as grouped ones on channels_last memory, in which the channels
of all models lie side by side. There the bytes of a model do not depend on its group, its slot,
the size of the group or the number of threads (on one kind of processor, with one release of
torch). For a GPU nothing of the kind is promised.

Reference: https://docs.pytorch.org/tutorials/intermediate/ensembling.html (stack_module_state,
functional_call, vmap).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from scorer.training.augment import augmentation_named
from scorer.training.loop import (
    ModelSeeds,
    TrainingSet,
    autocast,
    draw_epochs,
    follow,
    initial_model,
    make_optimizer,
)
from scorer.training.recipe import Recipe
from scorer.training.stacked_norm import BATCH_NORMS, fold_batch_norms
from scorer.training.step import TrainingStep, training_settings

CHANNELS_PER_PASS = 32
"""Channels that torch's widest vectorised BatchNorm takes in one turn of its inner loop.

The rest, where there is one, goes through scalar code that rounds differently. Groups are filled
up with dummies until there is no rest, or a model's bytes would depend on its slot.
"""

MEMORY_WORDS = ("can't allocate memory", "not enough memory")
"""Of the allocator of a CPU, which raises a plain RuntimeError."""

PRODUCTS = ("convolution", "mm", "addmm", "bmm", "baddbmm")
"""Kernels that autocast runs in bfloat16."""


class NotStackable(ValueError):
    """The architecture cannot be mapped over stacked parameters; the loop can train it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is no more memory, on a GPU or a CPU.

    So does one that was raised on the way out of such an error, as where it ended the capture of a
    CUDA graph.
    """
    is_named = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if is_named or any(words in str(error) for words in MEMORY_WORDS):
        return True
    return error.__context__ is not None and is_out_of_memory(error.__context__)


class ProductDtypes(TorchDispatchMode):
    """Notes the dtypes that convolutions and matrix products are computed in.

    What a layer returns does not tell: a mapped `nn.Linear` adds its bias in float32 to a product
    of bfloat16.

    Attributes:
        found: names of kernels of `PRODUCTS` with the dtypes of their inputs.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found: set[tuple[str, torch.dtype]] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run the kernel, and note it where it is one of `PRODUCTS`."""
        name = func.overloadpacket.__name__
        if name in PRODUCTS:
            self.found |= {(name, each.dtype) for each in args if isinstance(each, Tensor)}
        return func(*args, **(kwargs or {}))


class StackedTraining:
    """The training of several models at once, a step at a time."""

    def __init__(self, data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]) -> None:
        """Initialise the models and check that they can be stacked.

        Args:
            data: what all of them are trained on.
            recipe: how.
            seeds: one entry a model.

        Raises:
            NotStackable: the architecture cannot be stacked.
            ValueError: there are no seeds.
        """
        if not seeds:
            raise ValueError("`seeds` must name at least one model, got none")
        self._data, self._recipe = data, recipe
        self._device = data.images.device
        self._n_models = len(seeds)
        first = initial_model(data, recipe, seeds[0])
        n_dummies = group_size(first, self._n_models, self._device) - self._n_models
        self._seeds = [*seeds, *[seeds[-1]] * n_dummies]
        self._class_weight = data.class_weight(recipe.class_weights)
        self._augmentation = augmentation_named(recipe.augmentation)
        self._nets = [first, *(initial_model(data, recipe, each) for each in self._seeds[1:])]
        # Grouped convolutions have slow channels_last kernels on GPUs (pytorch/pytorch#34977).
        self._channels_last = self._device.type == "cpu" and data.images.dim() == 4
        stacked, self._buffers = stack_module_state(self._nets)
        self._parameters = {
            name: self._laid_out(value.detach()).requires_grad_() for name, value in stacked.items()
        }
        self._skeleton = skeleton = copy.deepcopy(first).to("meta")
        fold_batch_norms(skeleton)

        def forward(
            parameters: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor
        ) -> Tensor:
            return functional_call(skeleton, (parameters, buffers), (images,))

        self._forward: Callable[..., Tensor] = vmap(forward, in_dims=(0, 0, 1))
        self._check_stackable()

    def steps(self) -> Iterator[None]:
        """Train all models from their beginning to their end, yielding after each step."""
        recipe = self._recipe
        # Unfused: the fused CPU kernels round the rest of a vector differently, see above.
        optimizer = make_optimizer(
            self._parameters.values(), recipe, self._device, fused=self._device.type == "cuda"
        )
        train_step = TrainingStep(self._loss, optimizer)
        return follow(recipe, train_step, self._batches(), recipe.n_steps(len(self._data)))

    def models(self) -> list[nn.Module]:
        """Return one network for each entry of the seeds, with the weights as they are now."""
        nets = self._nets[: self._n_models]
        with torch.no_grad():
            for slot, net in enumerate(nets):
                for name, parameter in net.named_parameters():
                    parameter.copy_(self._parameters[name][slot])
                for name, buffer in net.named_buffers():
                    buffer.copy_(self._buffers[name][slot])
        return [net.eval() for net in nets]

    def _laid_out(self, weight: Tensor) -> Tensor:
        """Return a stacked parameter in the memory order that its layer reads fastest."""
        if self._channels_last and weight.dim() == 5:
            return weight.movedim(2, -1).contiguous().movedim(-1, 2)
        return weight

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the indices `(batch, k)` of each batch, and what augmentation drew for it."""
        draws = [draw_epochs(len(self._data), self._recipe, seeds) for seeds in self._seeds]
        for drawn_by_model in zip(*draws, strict=True):
            chosen, drawn = zip(*drawn_by_model, strict=True)
            parts = (chosen,) if self._augmentation is None else (chosen, drawn)
            stacked = [torch.stack(part, dim=2).to(self._device) for part in parts]
            yield from zip(*stacked, strict=True)

    def _gather(self, chosen: Tensor, drawn: Tensor | None) -> Tensor:
        """Return the images `(batch, k, ...)` at `chosen`, augmented, in the order for `vmap`."""
        images = self._data.images
        if self._augmentation is not None and drawn is not None:
            flat = self._augmentation.apply(images[chosen.flatten()], drawn.flatten(0, 1))
            batch = flat.unflatten(0, chosen.shape)
        else:
            batch = images[chosen]
        if self._channels_last:
            return batch.permute(0, 3, 4, 1, 2).contiguous().permute(0, 3, 4, 1, 2)
        return batch

    def _loss(self, chosen: Tensor, drawn: Tensor | None = None) -> Tensor:
        """Return the sum over models of each model's mean loss on its own batch.

        Args:
            chosen: `(batch, k)` indices into the data.
            drawn: `(batch, k, 3)` or None.
        """
        images = self._gather(chosen, drawn)
        with autocast(self._device, self._recipe):
            logits = self._forward(self._parameters, self._buffers, images)
        labels = self._data.labels[chosen].t()
        losses = F.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="none")
        losses = losses.view_as(labels)
        if self._class_weight is None:
            return losses.sum() / labels.shape[1]
        weights = self._class_weight.expand(len(labels), -1).gather(1, labels)
        return ((losses * weights).sum(dim=1) / weights.sum(dim=1)).sum()

    def _check_stackable(self) -> None:
        """Run the network on two examples a model, leaving parameters and buffers alone.

        Raises:
            NotStackable: it cannot be mapped, or not in the recipe's dtype: torch's autocast for
                CPUs does not reach mapped convolutions.
        """
        chosen = torch.arange(min(2, len(self._data)), device=self._device)
        images = self._gather(chosen[:, None].expand(-1, len(self._seeds)), None)
        buffers = {name: value.clone() for name, value in self._buffers.items()}
        seen = ProductDtypes()
        try:
            with torch.no_grad(), autocast(self._device, self._recipe), seen:
                self._forward(self._parameters, buffers, images)
        except (RuntimeError, ValueError) as error:
            # torch has no error of its own for what cannot be mapped: these two stand for a branch
            # on data, random numbers, a missing batching rule. A network that fails unmapped too
            # is none the worse for it: the reason is named, and the loop then raises the same.
            if is_out_of_memory(error):
                raise
            self._refuse(f"torch.vmap says: {error}", error)
        too_precise = sorted(name for name, dtype in seen.found if dtype != torch.bfloat16)
        if self._recipe.dtype == "bfloat16" and too_precise:
            kinds = ", ".join(too_precise)
            self._refuse(f"autocast to bfloat16 does not reach its mapped kernels {kinds}", None)

    def _refuse(self, reason: str, cause: Exception | None) -> NoReturn:
        """Raise `NotStackable` with a reason."""
        raise NotStackable(
            f"`{self._recipe.architecture}` cannot be trained stacked in {self._recipe.dtype} on "
            f"this {self._device.type}, train it with the loop; {reason}"
        ) from cause


def train_models_stacked(
    data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds]
) -> list[nn.Module]:
    """Train a group of models at once.

    Args:
        data: what they are trained on, on the device.
        recipe: how; any architecture without random numbers or data-dependent branches in its
            forward pass.
        seeds: one entry a model.

    Returns:
        The trained models in the order of `seeds`, in eval mode on the data's device.

    Raises:
        NotStackable: the architecture cannot be stacked; use `scorer.training.loop`.
        ValueError: there are no seeds.
    """
    with training_settings(data.images.device):
        training = StackedTraining(data, recipe, seeds)
        for _ in training.steps():
            pass
        return training.models()


def group_size(net: nn.Module, n_models: int, device: torch.device) -> int:
    """Return the number of slots in which `n_models` models are trained; the rest are dummies.

    Never 1, which takes other kernels than 2 and more; on a CPU no channel is left over from the
    vectorised loops of BatchNorm (see `CHANNELS_PER_PASS`).
    """
    multiple = 1
    if device.type == "cpu":
        for module in net.modules():
            if isinstance(module, BATCH_NORMS):
                common = math.gcd(CHANNELS_PER_PASS, module.num_features)
                multiple = max(multiple, CHANNELS_PER_PASS // common)
    return max(2, -(-n_models // multiple) * multiple)
