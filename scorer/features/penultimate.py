"""What the last layer reads of an image, described without naming a hidden unit.

Hidden units of networks that were initialised apart do not correspond: raw activations would tell
whose weights a model was made from, and nothing of what it knows. So they are described by what
does not depend on how units are numbered or turned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scorer.errors import ScorerError
from scorer.features.base import Feature, ForwardPass


def penultimate(seen: ForwardPass) -> np.ndarray:
    """Return cosines to the class means over retain, and the length: `(n, n_classes + 1)` float32.

    The cosine to a class without examples, and all those of an image of length 0, are 0.

    Raises:
        ScorerError: the network does not end in a linear layer.
    """
    import torch

    images, labels = seen.retain
    read, of_retain = (activations(seen.net, each) for each in (seen.images, images))
    index = torch.from_numpy(labels).to(read.device)
    return np.asarray(described(read, of_retain, index, seen.logits.shape[1]).cpu().numpy())


def described(read: Any, of_retain: Any, labels: Any, n_classes: int) -> Any:
    """Return what a layer reads, by what does not depend on how units are numbered or turned.

    Args:
        read: a tensor `(n, width)`.
        of_retain: the same of retain examples.
        labels: of these, a tensor of int64.
        n_classes: of the task.

    Returns:
        A tensor `(n, n_classes + 1)`: cosines to the class means, and the length.
    """
    import torch
    from torch.nn import functional as F

    is_class = F.one_hot(labels, n_classes).to(of_retain.dtype)
    means = is_class.t() @ of_retain / is_class.sum(dim=0).clamp(min=1)[:, None]
    cosines = F.normalize(read, dim=1) @ F.normalize(means, dim=1).t()
    return torch.cat([cosines, read.norm(dim=1, keepdim=True)], dim=1)


def activations(net: Any, images: Any) -> Any:
    """Return what the last layer of a network in eval mode reads, a float32 tensor `(n, width)`.

    Raises:
        ScorerError: the module that runs last is no `nn.Linear`.
    """
    import torch
    from torch import nn

    from scorer.training.loop import predict

    last: list[nn.Module] = []
    read: dict[nn.Module, list[Any]] = {}

    def note(module: nn.Module, given: tuple[Any, ...], _: Any) -> None:
        last[:] = [module]
        if isinstance(module, nn.Linear):
            read.setdefault(module, []).append(given[0].float())

    leaves = [module for module in net.modules() if not any(module.children())]
    handles = [module.register_forward_hook(note) for module in leaves]
    try:
        predict(net, images)
    finally:
        for handle in handles:
            handle.remove()
    if not last or last[0] not in read:
        got = type(last[0]).__name__ if last else "none"
        raise ScorerError(
            "a network must end in an nn.Linear for `features` and `gradient`, which are what that"
            f" layer reads and its gradient, got {got} as the last module; leave them out of"
            " --features"
        )
    return torch.cat(read[last[0]])


FEATURE = Feature(
    name="penultimate",
    version=1,
    summary="cosines of what the last layer reads to its class means, and its length,"
    " (n_classes + 1,) float32, of the forget set, where --features asks for it",
    compute=penultimate,
    sets=("forget",),
    is_extra=True,
)
