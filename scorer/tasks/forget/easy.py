"""Easy examples alone: those that models trained without them are surest of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from data_prep import Split, forget_given
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.hard_random import from_hardest
from scorer.tasks.forget.typed import CountedForgetSet


@dataclass(frozen=True)
class Easy(CountedForgetSet):
    """The easiest training examples."""

    name: ClassVar[str] = "easy"
    summary: ClassVar[str] = "the examples that models trained without them are surest of"
    forms: ClassVar[tuple[str, ...]] = ("easy:K",)

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: there are not so many.
        """
        parts = self.parts(material)
        return forget_given(parts, from_hardest(material, parts)[-self.n_examples :], self.name)
