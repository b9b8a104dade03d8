"""A class: all that there is of it, or some."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from data_prep import Partition, Split, forget_given, random_order
from scorer.errors import UsageError
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.typed import TypedForgetSet, check_some_stay, number_of


@dataclass(frozen=True)
class OfClass(TypedForgetSet):
    """Training examples of one class.

    Where a class is forgotten whole, val and test are without it too: nothing says how a model
    that never heard of it must answer, and a method that goes on telling it would beat the oracles
    in accuracy by what it failed to forget. The networks keep their output for it.

    Attributes:
        label: the class.
        n_examples: how many at random; None for all.
    """

    name: ClassVar[str] = "of_class"
    summary: ClassVar[str] = "a whole class, or random examples of it"
    forms: ClassVar[tuple[str, ...]] = ("class:C", "class:C:K")

    label: int
    n_examples: int | None = None

    @classmethod
    def parse(cls, text: str) -> OfClass:
        """Return what `class:C` or `class:C:K` names.

        Raises:
            UsageError: it is neither.
        """
        label, colon, count = text.partition(":")
        form = cls.forms[1 if colon else 0]
        return cls(number_of(label, form, 0), number_of(count, form) if colon else None)

    @property
    def spec(self) -> str:
        """Return how it is typed."""
        return f"class:{self.label}" + (f":{self.n_examples}" if self.n_examples else "")

    @property
    def size(self) -> int:
        """Return the number of examples to forget, or the least there can be."""
        return self.n_examples or 1

    @property
    def emptied_class(self) -> int | None:
        """Return the class that is forgotten whole because that was asked for; None for none."""
        return self.label if self.n_examples is None else None

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: there is no such class, or there are not so many examples of it.
        """
        labels, parts = material.raw.labels, material.partition()
        of_class = parts.train[labels[parts.train] == self.label]
        if not of_class.size:
            raise UsageError(
                "a class to forget must be one of the train examples, got class"
                f" {self.label}; there are {np.unique(labels[parts.train]).tolist()}"
            )
        stratum = f"class {self.label}"
        if self.n_examples is None:
            return forget_given(_without(parts, labels, self.label), of_class, stratum)
        what = f"train examples of class {self.label} (class:{self.label} forgets them all)"
        check_some_stay(self.n_examples, of_class.size, what)
        key = (parts.name, material.options.split_seed, "forget", self.label)
        order = random_order(of_class.size, *key)
        return forget_given(parts, of_class[order[: self.n_examples]], stratum)


def _without(parts: Partition, labels: np.ndarray, label: int) -> Partition:
    """Return the partition with val and test rid of a class, which the notes count."""
    kept = {name: getattr(parts, name) for name in ("val", "test")}
    kept = {name: part[labels[part] != label] for name, part in kept.items()}
    notes = {
        f"n_{name}_of_class_dropped": len(getattr(parts, name)) - len(part)
        for name, part in kept.items()
    }
    return replace(parts, **kept, notes=parts.notes | notes)
