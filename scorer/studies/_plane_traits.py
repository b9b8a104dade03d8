"""What is measured of models to compare two kinds of data: error, overlap, calibration, memory.

All of it is cross-fitted: models are trained on random halves, and what an example is given by
models that saw it is held against what it is given by those that did not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRAITS = {
    "error": "error rate",
    "training_error": "error rate on examples trained on",
    "overlap": "probability given to other classes",
    "overconfidence": "calibration: confidence less accuracy",
    "memorisation": "memorisation gap",
    "memorised": "share of examples memorised",
}
"""What each is called. All but the second are of examples that the models were not trained on."""

MEMORISED = 0.25
"""Memorisation score from which on an example counts as memorised.

Reference: V. Feldman and C. Zhang, What Neural Networks Memorize and Why, 2020, section 3.
"""


@dataclass(frozen=True, eq=False)
class Portrait:
    """What a bank of models shows of its data.

    Attributes:
        traits: a number for each of `TRAITS`.
        overlaps: `(n_classes, n_classes)` mean probability that examples of class i are given for
            class j by models that were not trained on them.
        own: `(n_examples,)` mean probability of the own class, of models not trained on it.
        score: `(n_examples,)` memorisation score: how much more the others give it.
    """

    traits: dict[str, float]
    overlaps: np.ndarray
    own: np.ndarray
    score: np.ndarray


def portrait(probabilities: np.ndarray, masks: np.ndarray, labels: np.ndarray) -> Portrait:
    """Return what a bank shows.

    Args:
        probabilities: `(n_models, n_examples, n_classes)` of each model for every example.
        masks: `(n_models, n_examples)` bool, True where the model was trained on the example; each
            example is in some and out of some.
        labels: `(n_examples,)` integers; of every class there are some.
    """
    n_classes = probabilities.shape[2]
    outside = ~masks
    right = probabilities.argmax(axis=2) == labels
    surest = probabilities.max(axis=2)
    own_of = probabilities[:, np.arange(len(labels)), labels]
    own, own_inside = _over_models(own_of, outside), _over_models(own_of, masks)
    accuracy = right[outside].mean()
    each = np.stack([_over_models(column, outside) for column in np.moveaxis(probabilities, 2, 0)])
    overlaps = np.stack([each[:, labels == which].mean(axis=1) for which in range(n_classes)])
    score = own_inside - own
    traits = {
        "error": 1.0 - accuracy,
        "training_error": 1.0 - right[masks].mean(),
        "overlap": 1.0 - own_of[outside].mean(),
        "overconfidence": surest[outside].mean() - accuracy,
        "memorisation": own_of[masks].mean() - own_of[outside].mean(),
        "memorised": (score >= MEMORISED).mean(),
    }
    return Portrait({name: float(value) for name, value in traits.items()}, overlaps, own, score)


def _over_models(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the mean `(n_examples,)` of values `(n_models, n_examples)` over the chosen models."""
    return np.asarray((values * chosen).sum(axis=0) / chosen.sum(axis=0))
