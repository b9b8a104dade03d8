"""What a task is, before any data are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scorer.tasks.forget import FORGET_SETS, ForgetSet
from scorer.training.recipe import Recipe


@dataclass(frozen=True)
class TaskDefinition:
    """A task as it is declared.

    Attributes:
        name: what a user types.
        summary: one line for lists.
        dataset: a name that `data_prep.load_raw` knows.
        recipe: how its models are trained.
        n_val: examples that a submission may look at besides retain and forget.
        n_test: held out for utility; None where the data set has an official test set.
        forget: which of its training examples are to be forgotten.
        timeout_s: wall time after which a run of a submission counts as hung.
    """

    name: str
    summary: str
    dataset: str
    recipe: Recipe
    n_val: int
    n_test: int | None
    forget: ForgetSet
    timeout_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, for workers."""
        values = asdict(self)
        values["forget"]["kind"] = self.forget.name
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TaskDefinition:
        """Return the definition that `as_dict` told."""
        forget = dict(values["forget"])
        kind = FORGET_SETS[forget.pop("kind")]
        return cls(**{**values, "recipe": Recipe(**values["recipe"]), "forget": kind(**forget)})
