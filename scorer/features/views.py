"""What `--features` may name: what is looked at of a model beside its score.

Views are what an attack may look at, each made of features that are kept of a model. They are those
of the study `manifold`, as far as the forget set alone gives them. Beside them stand numbers of
their own: how fast a model learns the forget set again, and what lies between it and an oracle.
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

RELEARNING, BARRIER = "relearning", "barrier"

NEEDED = {name: view.extra for name, view in VIEWS.items()} | {
    RELEARNING: ("relearning",),
    BARRIER: ("weights",),
}
"""The extra features that each name needs."""


def parse_asked(text: str) -> tuple[str, ...]:
    """Return what a list separated by commas names, in the order of `NEEDED`.

    Raises:
        UsageError: a name is unknown, or there is none.

    Example:
        >>> parse_asked("barrier, loss")
        ('loss', 'barrier')
    """
    named = {name.strip() for name in text.split(",")} - {""}
    for name in sorted(named - NEEDED.keys()):
        raise unknown_name("feature", name, NEEDED)
    if not named:
        raise UsageError(f"--features must be a list of {', '.join(NEEDED)}, got {text!r}")
    return tuple(name for name in NEEDED if name in named)


def asked_by(text: str | None) -> tuple[str, ...]:
    """Return what the option `features` names, nothing where it is not given.

    Raises:
        UsageError: see `parse_asked`.
    """
    return () if text is None else parse_asked(text)


def features_needed(asked: Collection[str]) -> tuple[str, ...]:
    """Return the names of the extra features that are needed for what is asked."""
    return tuple(sorted({name for each in asked for name in NEEDED[each]}))
