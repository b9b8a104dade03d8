"""What every kind of forget set offers, and what it is given to choose from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from numpy.typing import ArrayLike

from data_prep import Partition, RawData, Split, partition
from scorer.engines.base import Engine, Progress
from scorer.options import Options

if TYPE_CHECKING:
    from scorer.tasks.definition import TaskDefinition


@dataclass(frozen=True)
class Material:
    """What a forget set is chosen from, and with.

    Attributes:
        task: name, recipe and sizes.
        raw: its data.
        options: split seed, folders and device.
        engine: trains models, where any are needed.
        progress: called with (what, done, total) meanwhile.
    """

    task: TaskDefinition
    raw: RawData
    options: Options
    engine: Engine
    progress: Progress

    def partition(self, keep_in_train: ArrayLike | None = None) -> Partition:
        """Return train, val and test; see `data_prep.partition`."""
        task, seed = self.task, self.options.split_seed
        return partition(self.raw, task.n_val, task.n_test, seed, keep_in_train=keep_in_train)


class ForgetSet(ABC):
    """A way to choose what is to be forgotten; subclasses are frozen dataclasses of JSON values."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @property
    @abstractmethod
    def size(self) -> int:
        """Return the number of examples to forget, or the least there can be."""

    def n_models_to_train(self, material: Material) -> int:
        """Return how many models have to be trained before the set can be chosen, at most."""
        return 0

    @abstractmethod
    def split(self, material: Material) -> Split:
        """Return the four sets of the task."""
