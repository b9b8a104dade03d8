"""Random examples alone, stratified by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from data_prep import Split, choose_forget
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.typed import CountedForgetSet


@dataclass(frozen=True)
class Random(CountedForgetSet):
    """Random training examples, of each class in proportion to its size."""

    name: ClassVar[str] = "random"
    summary: ClassVar[str] = "random examples, of each class in proportion"
    forms: ClassVar[tuple[str, ...]] = ("random:K",)

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: there are not so many.
        """
        seed = material.options.split_seed
        labels = material.raw.labels
        return choose_forget(self.parts(material), labels, None, 0, self.n_examples, seed)
