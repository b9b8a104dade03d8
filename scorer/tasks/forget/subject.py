"""Named subjects: everything about some people, each by number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from data_prep import Split, forget_given
from scorer.errors import UsageError
from scorer.tasks.forget.base import Material
from scorer.tasks.forget.subjects import subjects_of
from scorer.tasks.forget.typed import TypedForgetSet

IDENTITY = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True)
class Subject(TypedForgetSet):
    """Every example of the named subjects, each subject a stratum.

    Attributes:
        identities: the subjects, in ascending order.
    """

    name: ClassVar[str] = "subject"
    summary: ClassVar[str] = "every example of the subjects that are named"
    forms: ClassVar[tuple[str, ...]] = ("subject:ID[,ID]",)
    is_fixed: ClassVar[bool] = True

    identities: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Subject:
        """Return what `subject:ID[,ID]` names.

        Raises:
            UsageError: an ID is none, or there twice.
        """
        given = text.split(",")
        wrong = [each for each in given if not IDENTITY.fullmatch(each)]
        if wrong:
            raise UsageError(
                f"--forget {cls.forms[0]} must name subjects by number, with commas between, got"
                f" {wrong[0]!r}"
            )
        identities = sorted(set(map(int, given)))
        if len(identities) < len(given):
            raise UsageError(f"--forget {cls.forms[0]} must name each subject once, got {text}")
        return cls(tuple(identities))

    @property
    def spec(self) -> str:
        """Return how it is typed."""
        return f"subject:{','.join(map(str, self.identities))}"

    @property
    def size(self) -> int:
        """Return the least number of examples to forget, one a subject; data say how many."""
        return len(self.identities)

    def split(self, material: Material) -> Split:
        """Return the four sets; the named subjects are in none but train.

        Raises:
            UsageError: nobody knows whom the data are of, or one of them is nobody in train.
        """
        subjects = subjects_of(material)
        parts = material.partition()
        trainable = material.trainable(parts)
        unknown = sorted(set(self.identities) - set(subjects[trainable].tolist()))
        if unknown:
            some = np.unique(subjects[trainable])[:5].tolist()
            raise UsageError(
                "subjects to forget must have images that models are trained on, got"
                f" {unknown[:5]}, which have none; such are {some}"
            )
        forget = trainable[np.isin(subjects[trainable], self.identities)]
        strata = np.array([f"subject {each}" for each in subjects[forget]])
        return forget_given(material.partition_with(forget, parts), forget, strata)
