"""What an attack may look at of a model: views, each made of features that are kept of it.

They are those of the study `manifold`, as far as the forget set alone gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scorer.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from scorer.oracles.outputs import Bank


@dataclass(frozen=True)
class View:
    """Numbers that an attack sees of every model and forget example.

    Attributes:
        about: what they are, in a few words.
        read: of a bank and the labels of the forget set: `(n_models, n_examples, width)`.
        extra: names of the extra features that it is made of.
    """

    about: str
    read: Callable[[Bank, np.ndarray], np.ndarray]
    extra: tuple[str, ...] = ()


def _loss(bank: Bank, _: np.ndarray) -> np.ndarray:
    """Return the logit-scaled confidence, which is a function of the loss."""
    return np.asarray(bank.confidence())[..., np.newaxis]


def _probabilities(bank: Bank, _: np.ndarray) -> np.ndarray:
    """Return the probabilities of all classes."""
    # Imported here because it takes a while, and whoever reads records comes by.
    from scipy.special import softmax

    return np.asarray(softmax(bank.output("logits"), axis=-1))


def _features(bank: Bank, _: np.ndarray) -> np.ndarray:
    """Return cosines of what the last layer reads to its class means, and its length."""
    return bank.output("penultimate")


def _gradient(bank: Bank, labels: np.ndarray) -> np.ndarray:
    """Return the norm of the loss's gradient by each class's last weights, with its sign.

    The gradient is the outer product of the errors, which are the probabilities less 1 for the true
    class, and of what the layer reads. Of the latter only the length is the same whatever hidden
    units are called.
    """
    errors = _probabilities(bank, labels)
    errors[:, np.arange(len(labels)), labels] -= 1.0
    return np.asarray(errors * bank.output("penultimate")[..., -1:])


VIEWS = {
    "loss": View("its loss", _loss),
    "probabilities": View("the probabilities of all classes", _probabilities),
    "features": View(
        "what the last layer reads: cosines to its class means, and length",
        _features,
        ("penultimate",),
    ),
    "gradient": View(
        "the gradient of the last layer, up to the direction of what it reads",
        _gradient,
        ("penultimate",),
    ),
}


def parse_views(text: str) -> tuple[str, ...]:
    """Return the views that a list separated by commas names, in the order of `VIEWS`.

    Raises:
        UsageError: a name is unknown, or there is none.

    Example:
        >>> parse_views("probabilities, loss")
        ('loss', 'probabilities')
    """
    named = {name.strip() for name in text.split(",")} - {""}
    for name in sorted(named - VIEWS.keys()):
        raise unknown_name("feature", name, VIEWS)
    if not named:
        raise UsageError(f"--features must be a list of {', '.join(VIEWS)}, got {text!r}")
    return tuple(name for name in VIEWS if name in named)


def views_of(text: str | None) -> tuple[str, ...]:
    """Return the views that the option `features` names, none where it is not given.

    Raises:
        UsageError: see `parse_views`.
    """
    return () if text is None else parse_views(text)


def features_needed(views: Collection[str]) -> tuple[str, ...]:
    """Return the names of the extra features that views are made of."""
    return tuple(sorted({name for view in views for name in VIEWS[view].extra}))
