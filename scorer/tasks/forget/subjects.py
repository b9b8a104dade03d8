"""Whole subjects: everything about some people, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_prep import Split, forget_subjects
from scorer.errors import UsageError
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.typed import TypedForgetSet, number_of


@dataclass(frozen=True)
class Subjects(TypedForgetSet):
    """Every training example of some subjects; nobody is in two of train, val and test either.

    Attributes:
        n_subjects: how many.
    """

    name: ClassVar[str] = "subjects"
    summary: ClassVar[str] = "every example of some subjects, such as people"

    forms: ClassVar[tuple[str, ...]] = ("subjects:K",)

    n_subjects: int

    @classmethod
    def parse(cls, text: str) -> Subjects:
        """Return what `subjects:K` names."""
        return cls(number_of(text, cls.forms[0]))

    @property
    def spec(self) -> str:
        """Return how it is typed."""
        return f"subjects:{self.n_subjects}"

    @property
    def size(self) -> int:
        """Return the least number of examples to forget, one a subject; data say how many."""
        return self.n_subjects

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: nobody knows whom the data are of.
        """
        subjects, seed = subjects_of(material), material.options.split_seed
        return forget_subjects(material.partition(), subjects, self.n_subjects, seed)


def subjects_of(material: Material) -> NDArray[np.int64]:
    """Return whom each image is of, `(n,)`.

    Raises:
        UsageError: nobody knows.
    """
    if material.raw.subjects is None:
        raise UsageError(
            f"the data of task {material.task.name} must say whom each image is of to forget whole"
            " subjects, and do not; `celeba` does, and own images with subjects.npy"
        )
    return material.raw.subjects
