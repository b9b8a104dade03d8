"""What the methods share: reading data, fine-tuning, teachers, finding and resetting layers.

A method imports nothing but this, torch and the standard library; its copies work elsewhere too.
What only two methods share stands beside this in a module with an underscore.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
JointLoss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

FAMILIES = {"digits": 8, "fashion_mnist": 28}
"""Tasks that constants are tuned on, by the side of their images in pixels."""


def family_of(side: int) -> str:
    """Return which of `FAMILIES` is nearest, in ratio, to images of that side in pixels."""
    return min(FAMILIES, key=lambda name: abs(math.log(side / FAMILIES[name])))


def for_family(images: Tensor, *constants: float | Mapping[str, float]) -> tuple[Any, ...]:
    """Return the values of tuned constants for images of this size.

    What a method reads through this is what `tune` tries other values of.

    Args:
        images: `(n, ..., side)`.
        constants: each a number that serves all tasks, or one number for each of `FAMILIES`.

    Example:
        >>> for_family(torch.empty(1, 3, 32, 32), {"digits": 0.4, "fashion_mnist": 0.2}, 64)
        (0.2, 64)
    """
    family = family_of(images.shape[-1])
    return tuple(each[family] if isinstance(each, Mapping) else each for each in constants)


def unpack(batch: Any) -> tuple[Tensor, Tensor]:
    """Return `(images, labels)` of a batch: a pair, or what answers to such names."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return batch[0], batch[1]
    if hasattr(batch, "keys") and "image" in batch and ("label" in batch or "age_group" in batch):
        return batch["image"], batch["label"] if "label" in batch else batch["age_group"]
    got = type(batch).__name__
    raise ValueError(f"a batch must be a pair or have the keys 'image' and 'label', got {got}")


def device_of(net: nn.Module) -> torch.device:
    """Return the device of the network's parameters."""
    return next(net.parameters()).device


@dataclass(frozen=True)
class Examples:
    """A data set on the device: `images (n, channels, height, width)`, `labels (n,)` int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, batch_size: int, *, shuffle: bool = True) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield one epoch of `(images, labels)`; the order comes from torch's global generator.

        The batches differ by one example at most: a small rest would weigh more than its share, and
        BatchNorm cannot train on a single example.
        """
        order = torch.randperm(len(self)) if shuffle else torch.arange(len(self))
        for chosen in order.to(self.labels.device).tensor_split(self.n_batches(batch_size)):
            yield self.images[chosen], self.labels[chosen]

    def n_batches(self, batch_size: int) -> int:
        """Return the number of batches of one epoch."""
        return -(-len(self) // batch_size)

    def n_steps(self, epochs: float, batch_size: int) -> int:
        """Return the number of steps, at least 1, that `epochs` passes make."""
        return max(1, round(epochs * self.n_batches(batch_size)))

    def endless(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield shuffled batches for ever, a fresh order each epoch."""
        while True:
            yield from self.batches(batch_size)

    def steps(self, epochs: float, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the `n_steps` shuffled batches of `epochs` passes, which need not be whole."""
        return islice(self.endless(batch_size), self.n_steps(epochs, batch_size))

    def numbered(self) -> Examples:
        """Return the images with their positions as labels, to look up what belongs to each."""
        return Examples(self.images, torch.arange(len(self), device=self.labels.device))

    def sample(self, n_examples: int) -> Examples:
        """Return `n_examples` drawn without replacement (all of them when there are fewer)."""
        chosen = torch.randperm(len(self))[:n_examples].to(self.labels.device)
        return Examples(self.images[chosen], self.labels[chosen])


def read(loader: DataLoader, device: torch.device, *, name: str = "loader") -> Examples:
    """Read a whole loader, which must not be empty, onto the device in the data set's order."""
    if len(loader.dataset) == 0:  # type: ignore[arg-type]
        raise ValueError(f"`{name}` must hold at least one example, got an empty data set")
    in_order = DataLoader(loader.dataset, batch_size=1024, collate_fn=loader.collate_fn)
    pairs = [unpack(batch) for batch in in_order]
    images = torch.cat([images for images, _ in pairs]).to(device)
    return Examples(images, torch.cat([labels for _, labels in pairs]).to(device).long())


class Descent:
    """SGD with Nesterov momentum; the rate warms up linearly, then falls linearly to zero.

    It moves every parameter that requires a gradient. `warmup`, in [0, 1), is the share of the
    `n_steps` steps over which the rate rises to its peak, `learning_rate`. The network's memory
    becomes channels_last, in which convolutions take less time.
    """

    def __init__(
        self,
        net: nn.Module,
        *,
        n_steps: int,
        learning_rate: float,
        weight_decay: float = 5e-4,
        warmup: float = 0.0,
    ) -> None:
        net.to(memory_format=torch.channels_last)
        moved = [p for p in net.parameters() if p.requires_grad]
        self.optimizer = torch.optim.SGD(
            moved, learning_rate, momentum=0.9, weight_decay=weight_decay, nesterov=True, fused=True
        )
        self.learning_rate, self.n_steps, self.warmup = learning_rate, n_steps, warmup
        self.n_done = 0

    def rate(self) -> float:
        """Return the learning rate of the next step."""
        peak = self.warmup * self.n_steps
        if self.n_done < peak:
            return self.learning_rate * (self.n_done + 1) / (peak + 1)
        return self.learning_rate * max(0.0, self.n_steps - self.n_done) / (self.n_steps - peak)

    def step(self, loss: Tensor, after_backward: Callable[[], None] | None = None) -> None:
        """Make one step down `loss`; `after_backward` may mask or project the gradients."""
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if after_backward is not None:
            after_backward()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.step()
        self.n_done += 1


def fine_tune(
    net: nn.Module,
    examples: Examples,
    *,
    epochs: float,
    batch_size: int,
    learning_rate: float,
    warmup: float = 0.0,
    loss: Loss | None = None,
    after_backward: Callable[[], None] | None = None,
) -> None:
    """Train `net` in place on `examples` by `Descent` for `epochs`, ending in train mode.

    `loss` is a function of logits, images and labels: plain cross-entropy by default.
    """
    n_steps = examples.n_steps(epochs, batch_size)
    descent = Descent(net, n_steps=n_steps, learning_rate=learning_rate, warmup=warmup)
    net.train()
    for images, labels in examples.steps(epochs, batch_size):
        logits = net(images)
        value = loss(logits, images, labels) if loss else F.cross_entropy(logits, labels)
        descent.step(value, after_backward)


def fine_tune_jointly(
    net: nn.Module,
    kept: Examples,
    gone: Examples,
    loss: JointLoss,
    *,
    epochs: float,
    batch_size: int,
    learning_rate: float,
    warmup: float = 0.0,
) -> None:
    """Train `net` by steps that each pass a retain and a four times smaller forget batch at once.

    At once, because BatchNorm then sees what it will see in use. Climbing the loss of forget data
    under frozen statistics ruins the network there alone, where the retain loss does not look.
    `loss` is a function of kept logits and labels and gone logits and labels; the rest is as in
    `fine_tune`, with `epochs` counted in passes over `kept`, `batch_size` in examples of it.
    """
    n_steps = kept.n_steps(epochs, batch_size)
    descent = Descent(net, n_steps=n_steps, learning_rate=learning_rate, warmup=warmup)
    gone_batches = gone.endless(math.ceil(batch_size / 4))
    pairs = zip(kept.steps(epochs, batch_size), gone_batches, strict=False)
    net.train()
    for (images, labels), (gone_images, gone_labels) in pairs:
        logits, gone_logits = net(torch.cat([images, gone_images])).tensor_split([len(labels)])
        descent.step(loss(logits, labels, gone_logits, gone_labels))


def frozen_copy(net: nn.Module) -> nn.Module:
    """Return a copy in eval mode whose parameters take no gradient: a teacher."""
    return copy.deepcopy(net).eval().requires_grad_(False)


@contextmanager
def eval_mode(net: nn.Module, kinds: tuple[type[nn.Module], ...] = (nn.Module,)) -> Iterator[None]:
    """Keep the layers of some kinds in eval mode inside the block, then restore their modes."""
    modes = [(layer, layer.training) for layer in net.modules() if isinstance(layer, kinds)]
    for layer, _ in modes:
        layer.training = False
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training


def frozen_batch_norm(net: nn.Module) -> AbstractContextManager[None]:
    """Keep BatchNorm statistics as they are inside the block, for passes over forget data alone."""
    return eval_mode(net, BATCH_NORMS)


@torch.no_grad()
def predict(net: nn.Module, images: Tensor, batch_size: int = 1024) -> Tensor:
    """Return logits `(n, n_classes)` in eval mode."""
    with eval_mode(net):
        return torch.cat([net(part) for part in images.split(batch_size)])


@torch.no_grad()
def features(net: nn.Module, images: Tensor, batch_size: int = 1024) -> Tensor:
    """Return what the classifier reads of each image, `(n, n_features)`, in eval mode."""
    seen: list[Tensor] = []
    handle = last_linear(net).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    try:
        predict(net, images, batch_size)
    finally:
        handle.remove()
    return torch.cat(seen)


def mean_gradients(
    net: nn.Module,
    examples: Examples,
    batch_size: int = 256,
    loss: Loss | None = None,
    each: Callable[[Tensor], Tensor] = torch.clone,
) -> list[Tensor]:
    """Return, for each of `net.parameters()`, its mean gradient over the examples, in eval mode.

    What is frozen gets zeros, and the network is left as it was. `loss` is as in `fine_tune`;
    `each` is applied to the gradient of every batch before the mean is taken.
    """
    totals = [torch.zeros_like(p) for p in net.parameters()]
    wanted = [(p, t) for p, t in zip(net.parameters(), totals, strict=True) if p.requires_grad]
    with eval_mode(net):
        for images, labels in examples.batches(batch_size):
            logits = net(images)
            value = loss(logits, images, labels) if loss else F.cross_entropy(logits, labels)
            gradients = torch.autograd.grad(value, [p for p, _ in wanted], materialize_grads=True)
            for (_, total), gradient in zip(wanted, gradients, strict=True):
                total += each(gradient) * (len(labels) / len(examples))
    return totals


def divergence(reference: Tensor, logits: Tensor, temperature: float = 1.0) -> Tensor:
    """Return the batch mean of KL(softmax(reference / T) || softmax(logits / T)) * T^2.

    Source: Hinton et al. 2015, arXiv 1503.02531, section 2 (the factor T^2).
    """
    log_p = F.log_softmax(reference / temperature, dim=1)
    log_q = F.log_softmax(logits / temperature, dim=1)  # which `F.kl_div` takes first
    return F.kl_div(log_q, log_p, reduction="batchmean", log_target=True) * temperature**2


def convolutions(net: nn.Module) -> list[nn.Conv2d]:
    """Return the convolutions, of which there must be one, in the order of definition."""
    found = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    if not found:
        raise ValueError("this method needs a network with at least one nn.Conv2d, got none")
    return found


def last_linear(net: nn.Module) -> nn.Linear:
    """Return the classifier, which must be there: the linear layer defined last."""
    found = [m for m in net.modules() if isinstance(m, nn.Linear)]
    if not found:
        raise ValueError("this method needs a network that ends in nn.Linear, got none")
    return found[-1]


def weight_layers(net: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """Return convolutions and linear layers in order of definition, the classifier last."""
    found = [m for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    return [m for m in found if m is not last_linear(net)] + [last_linear(net)]


def n_classes_of(net: nn.Module) -> int:
    """Return the number of classes, read from the classifier."""
    return last_linear(net).out_features


def reset(module: nn.Module) -> None:
    """Draw fresh initial weights, in place, for every layer under `module` that knows how to."""
    for layer in module.modules():
        initialise = getattr(layer, "reset_parameters", None)
        if callable(initialise):
            initialise()


def join(*parts: Examples) -> Examples:
    """Return the examples of all parts, one part after the other."""
    images = torch.cat([part.images for part in parts])
    return Examples(images, torch.cat([part.labels for part in parts]))
