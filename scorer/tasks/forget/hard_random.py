"""Half hard, half random: the examples that models are least sure of, and a sample of the rest.

Random examples alone may leave nothing to forget: models trained on them answer much as models
trained without them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from data_prep import Partition, RawData, Split, choose_forget
from scorer.tasks.difficulty import measure_difficulty
from scorer.tasks.forget.base import ForgetSet, Material
from scorer.training.recipe import Recipe

KEPT = Path(__file__).parents[1] / "forget_sets"
"""Hard examples measured once and kept, so that a task is the same task on every machine."""


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

    def split(self, material: Material) -> Split:
        """Return the four sets; difficulty is measured where nobody has yet."""
        parts, labels = material.partition(), material.raw.labels
        difficulty = None
        if self.n_hard:
            difficulty = self.kept_difficulty(material, parts)
            if difficulty is None:
                difficulty = measure_difficulty(material, parts.train, self.n_models)
        seed = material.options.split_seed
        return choose_forget(parts, labels, difficulty, self.n_hard, self.n_random, seed)

    def kept_difficulty(self, material: Material, parts: Partition) -> np.ndarray | None:
        """Return 0 for the kept hard examples and 1 for the rest, or None where none are kept.

        A file counts only for the very data, recipe and number of models that it was measured
        with.
        """
        path = kept_path(material.task.name, material.options.split_seed)
        if not path.exists():
            return None
        kept = json.loads(path.read_text())
        present = measured_with(material.raw, material.task.recipe, self.n_models)
        if kept["measured_with"] != present:
            return None
        return np.where(np.isin(parts.train, kept["hard"]), 0.0, 1.0)


def measured_with(raw: RawData, recipe: Recipe, n_models: int) -> dict[str, object]:
    """Return what the kept hard examples depend on, besides the split seed."""
    return {"data_sha256": raw.content_sha256(), "recipe": asdict(recipe), "n_models": n_models}


def kept_path(task: str, split_seed: int) -> Path:
    """Return where the hard examples of a task are kept."""
    return KEPT / f"{task}-{split_seed}.json"
