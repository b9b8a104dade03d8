"""What an attack can look at: views of a model's answers, for which no unit has a name.

Hidden units of two networks that were initialised apart do not correspond, so features and
gradients are described by what does not depend on how units are numbered or turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.common import Examples, features, predict
from scorer.features.penultimate import described

VIEWS = ("loss", "probabilities", "logits", "features", "gradient", "augmented")

SHIFTS = ((0, 1), (0, -1), (1, 0), (-1, 0))
"""By which images are moved, in rows and columns, for logits under augmentation."""


def views(
    net: nn.Module, forget: Examples, retain: Examples, n_classes: int
) -> dict[str, np.ndarray]:
    """Return every view of one model on the forget set, each `(n_examples, width)` float32.

    Args:
        net: in eval mode.
        forget: what is looked at.
        retain: gives the class means that features are compared with.
        n_classes: of the task.

    Returns:
        "loss": the logit-scaled confidence, which is a function of the loss (width 1);
        "probabilities" and "logits" (less their mean) of all classes;
        "features": cosines of what the classifier reads to its class means over retain, and its
        length; "gradient": of the last layer's weights, up to the direction of what it reads: the
        errors of all classes times its length; "augmented": logits under four shifts.
    """
    logits = predict(net, forget.images)
    probabilities = logits.softmax(dim=1)
    read = features(net, forget.images)
    seen = described(read, features(net, retain.images), retain.labels, n_classes)
    errors = probabilities - F.one_hot(forget.labels, n_classes)
    own = logits.gather(1, forget.labels[:, None])
    others = logits.scatter(1, forget.labels[:, None], -torch.inf)
    shifted = [centred(predict(net, moved(forget.images, shift))) for shift in SHIFTS]
    found = {
        "loss": own - others.logsumexp(dim=1, keepdim=True),
        "probabilities": probabilities,
        "logits": centred(logits),
        "features": seen,
        "gradient": errors * seen[:, -1:],
        "augmented": torch.cat(shifted, dim=1),
    }
    return {name: value.cpu().numpy() for name, value in found.items()}


def centred(logits: Tensor) -> Tensor:
    """Return logits less their mean, which no probability depends on."""
    return logits - logits.mean(dim=1, keepdim=True)


def moved(images: Tensor, shift: tuple[int, int]) -> Tensor:
    """Return images moved by whole pixels, the border repeated."""
    rows, columns = shift
    height, width = images.shape[-2:]
    padded = F.pad(images, (1, 1, 1, 1), mode="replicate")
    return padded[..., 1 - rows : 1 - rows + height, 1 - columns : 1 - columns + width]


def bank_of_views(
    nets: Sequence[nn.Module], forget: Examples, retain: Examples, n_classes: int
) -> dict[str, Any]:
    """Return the views of several models `(n_models, n_examples, width)`."""
    each = [views(net, forget, retain, n_classes) for net in nets]
    return {f"view/{name}": np.stack([one[name] for one in each]) for name in VIEWS}
