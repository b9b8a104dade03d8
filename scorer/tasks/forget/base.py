"""What every kind of forget set offers, and what it is given to choose from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import ArrayLike

from data_prep import Partition, RawData, Split, partition
from scorer.engines.base import Engine, Progress
from scorer.training.recipe import Recipe


@dataclass(frozen=True)
class Material:
    """What a forget set is chosen from, and with.

    Attributes:
        task: name of the task.
        raw: its data.
        recipe: how its models are trained.
        n_val: size of val.
        n_test: size of test, None where the data have an official one.
        split_seed: another seed is another split and forget set.
        data_dir: where data sets lie.
        cache_dir: where what was measured is kept.
        engine: trains models, where any are needed.
        device: where.
        progress: called with (what, done, total) meanwhile.
    """

    task: str
    raw: RawData
    recipe: Recipe
    n_val: int
    n_test: int | None
    split_seed: int
    data_dir: Path
    cache_dir: Path
    engine: Engine
    device: str
    progress: Progress

    def partition(self, keep_in_train: ArrayLike | None = None) -> Partition:
        """Return train, val and test; see `data_prep.partition`."""
        return partition(
            self.raw, self.n_val, self.n_test, self.split_seed, keep_in_train=keep_in_train
        )


class ForgetSet(ABC):
    """A way to choose what is to be forgotten; subclasses are frozen dataclasses of JSON values."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    @abstractmethod
    def size(self) -> int:
        """Return the number of examples to forget."""

    @abstractmethod
    def split(self, material: Material) -> Split:
        """Return the four sets of the task."""

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, the name of the kind among them."""
        return {"kind": self.name, **asdict(self)}  # type: ignore[call-overload]
