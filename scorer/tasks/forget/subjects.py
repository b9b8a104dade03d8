"""Whole subjects: everything about some people, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from data_prep import Split, forget_subjects
from scorer.errors import UsageError
from scorer.tasks.forget.base import ForgetSet, Material


@dataclass(frozen=True)
class Subjects(ForgetSet):
    """Every training example of some subjects; nobody is in two of train, val and test either.

    Attributes:
        n_subjects: how many.
    """

    name: ClassVar[str] = "subjects"
    summary: ClassVar[str] = "every example of some subjects, such as people"

    n_subjects: int

    @property
    def size(self) -> int:
        """Return the least number of examples to forget, one a subject; data say how many."""
        return self.n_subjects

    def split(self, material: Material) -> Split:
        """Return the four sets.

        Raises:
            UsageError: nobody knows whom the data are of.
        """
        subjects = material.raw.subjects
        if subjects is None:
            raise UsageError(
                f"the data of task {material.task.name} must say whom each image is of to forget"
                " whole subjects, and do not; `celeba` does, and own images with subjects.npy"
            )
        seed = material.options.split_seed
        return forget_subjects(material.partition(), subjects, self.n_subjects, seed)
