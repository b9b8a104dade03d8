"""Hard and random: the examples that models are least sure of, and a sample of the rest.

Random examples alone may leave nothing to forget: models trained on them answer much as models
trained without them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_prep import Partition, Split, choose_forget
from scorer.tasks.difficulty import measure_difficulty
from scorer.tasks.forget.base import ForgetSet, Material
from scorer.tasks.kept import keep_command, read_kept, read_kept_order

logger = logging.getLogger("scorer")

PUBLIC_SEED = 0
"""Of the split that everybody's scores are about."""

N_MODELS = 16
"""Trained on random halves to tell which examples are hard, where a task does not say how many."""


@dataclass(frozen=True)
class HardRandom(ForgetSet):
    """The hardest training examples, and random ones stratified by class.

    Attributes:
        n_hard: how many with the lowest out-of-sample confidence.
        n_random: how many of the rest.
        n_models: trained on random halves to measure that confidence; 0 with `n_hard` 0.
    """

    name: ClassVar[str] = "hard_random"
    summary: ClassVar[str] = "the examples that models are least sure of, and random ones"

    n_hard: int
    n_random: int
    n_models: int

    def __post_init__(self) -> None:
        if (self.n_hard > 0) != (self.n_models > 0):
            raise ValueError(
                "`n_models` must be positive exactly where `n_hard` is, got"
                f" {self.n_models} and {self.n_hard}"
            )

    @property
    def size(self) -> int:
        """Return the number of examples to forget."""
        return self.n_hard + self.n_random

    def n_models_to_train(self, material: Material) -> int:
        """Return the models that measure difficulty, unless the hard examples are kept."""
        is_kept = not self.n_hard or read_kept(material, self, material.partition()) is not None
        return 0 if is_kept else self.n_models

    def split(self, material: Material) -> Split:
        """Return the four sets.

        The hard examples of the public split are the kept ones. Where none are kept (a task of
        one's own) and on other splits they are measured.

        Raises:
            ScorerError: those kept were measured with something else.
        """
        parts, labels = material.partition(), material.raw.labels
        difficulty = None
        if self.n_hard:
            hard = read_kept(material, self, parts)
            if hard is None:
                _tell_unkept(material, "the choice of hard examples")
                difficulty = measure_difficulty(material, parts.train, self.n_models)
            else:
                difficulty = np.where(np.isin(parts.train, hard), 0.0, 1.0)
        seed = material.options.split_seed
        return choose_forget(parts, labels, difficulty, self.n_hard, self.n_random, seed)

    def measure(self, material: Material, parts: Partition) -> NDArray[np.int64]:
        """Return all train examples, the hardest first, `(n_train,)`, whatever is kept."""
        difficulty = measure_difficulty(material, parts.train, self.n_models)
        return parts.train[np.argsort(difficulty, kind="stable")]


def from_hardest(material: Material, parts: Partition) -> NDArray[np.int64]:
    """Return all train examples of a task, the hardest first, `(n_train,)`.

    Those of the public split are in the kept order, where one is kept.

    Raises:
        ScorerError: it was measured with something else.
    """
    own = material.task.forget
    if isinstance(own, HardRandom) and own.n_hard:
        order = read_kept_order(material, own, parts)
        if order is not None:
            return order
        _tell_unkept(material, "the order of difficulty")
        return own.measure(material, parts)
    if material.options.split_seed == PUBLIC_SEED:
        logger.warning(
            "which examples of task %s are hard is measured now, and another machine may find a few"
            " others, which is another forget set",
            material.task.name,
        )
    return HardRandom(n_hard=1, n_random=0, n_models=N_MODELS).measure(material, parts)


def _tell_unkept(material: Material, what: str) -> None:
    """Say that the public forget set is measured here, and may be another elsewhere."""
    if material.options.split_seed == PUBLIC_SEED:
        logger.warning(
            "%s of task %s is not kept with the code: it is measured now, and another machine may"
            " choose a few others, which is another task; keep it by `%s`",
            what,
            material.task.name,
            keep_command(material.task),
        )
