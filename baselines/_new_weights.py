"""What methods share that draw weights anew and train for too short to be as sure as before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.common import Examples, predict


def check_resettable(net: nn.Module) -> None:
    """Raise ValueError where a layer holds weights that `reset` would leave as trained."""
    for name, layer in net.named_modules():
        owns = any(True for _ in layer.parameters(recurse=False))
        if owns and not callable(getattr(layer, "reset_parameters", None)):
            raise ValueError(
                "new weights need layers with a method reset_parameters, got"
                f" {type(layer).__name__} {name!r} without one"
            )


def median_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the median size of margins, the label's logit less the largest other one.

    Their sign is left out: where a network is right as often as not, the median with it is near 0,
    and what margins are scaled by would be noise.
    """
    own = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return (own - others.max(dim=1).values).abs().median()


@torch.no_grad()
def scale_margins(net: nn.Module, classifier: nn.Linear, unseen: Examples, target: Tensor) -> None:
    """Scale the classifier in place so that the median margin on `unseen` becomes `target`.

    A median that is 0, or not finite as with one class, cannot be scaled to another.
    """
    factor = target / median_margin(predict(net, unseen.images), unseen.labels)
    if factor.isfinite() and factor > 0:
        for parameter in classifier.parameters():
            parameter.mul_(factor)
