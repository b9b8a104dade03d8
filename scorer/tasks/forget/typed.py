"""Forget sets that a user may name in place of the task's own, as in `--forget class:3`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from data_prep import Partition
from scorer.errors import UsageError
from scorer.tasks.forget.base import ForgetSet, Material


class TypedForgetSet(ForgetSet):
    """One that has a form in which it is typed.

    Attributes:
        forms: how it is typed; capitals stand for what a user puts there.
        is_fixed: whether it is the same examples on every split of the data.
    """

    forms: ClassVar[tuple[str, ...]]
    is_fixed: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def parse(cls, text: str) -> Self:
        """Return what is meant by the text behind the first colon.

        Raises:
            UsageError: it is not of the form.
        """

    @property
    @abstractmethod
    def spec(self) -> str:
        """Return how it is typed, one text for each: part of fingerprints and of names."""

    @property
    def emptied_class(self) -> int | None:
        """Return the class that is forgotten whole because that was asked for; None for none."""
        return None


@dataclass(frozen=True)
class CountedForgetSet(TypedForgetSet):
    """One of which a user says no more than how many examples it has.

    Attributes:
        n_examples: how many.
    """

    n_examples: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the set of so many.

        Raises:
            UsageError: the text is no number.
        """
        return cls(number_of(text, cls.forms[0]))

    @property
    def spec(self) -> str:
        """Return how it is typed."""
        return f"{self.name}:{self.n_examples}"

    @property
    def size(self) -> int:
        """Return the number of examples to forget."""
        return self.n_examples

    def parts(self, material: Material) -> Partition:
        """Return train, val and test.

        Raises:
            UsageError: nothing of train would be left to retain.
        """
        parts = material.partition()
        check_some_stay(self.n_examples, parts.train.size, "train examples")
        return parts


def number_of(text: str, form: str, least: int = 1) -> int:
    """Return the whole number that stands in a spec.

    Args:
        text: what a user typed.
        form: how the spec is typed, for the message.
        least: that it may be.

    Raises:
        UsageError: it is none.
    """
    # ASCII alone, since `int` takes digits of any script; more than 18 of them fit no index.
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) >= least):
        raise UsageError(
            f"--forget {form} must have a whole number from {least} for each capital, got {text!r}"
        )
    return int(text)


def check_some_stay(count: int, available: int, what: str) -> None:
    """Raise UsageError unless forgetting `count` of those available leaves some of them."""
    if count >= available:
        raise UsageError(
            f"what is to be forgotten must be fewer than the {available} {what}, got {count}: some"
            " have to be retained"
        )
