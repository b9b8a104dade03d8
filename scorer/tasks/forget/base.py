"""What every kind of forget set offers, and what it is given to choose from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

    def partition_with(self, wanted: NDArray[np.int64], parts: Partition) -> Partition:
        """Return train, val and test with all of `wanted` in train; `parts` where that is so.

        Args:
            wanted: sorted indices, all of them in `trainable`.
            parts: what `partition` gives, which is that of most other forget sets.
        """
        if np.isin(wanted, parts.train).all():
            return parts
        return self.partition(keep_in_train=wanted)

    def trainable(self, parts: Partition) -> NDArray[np.int64]:
        """Return, sorted, what may be in train: all sets but an official test set."""
        usable = np.sort(np.concatenate([parts.train, parts.val, parts.test]))
        return np.asarray(usable[~self.raw.is_official_test[usable]])


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

    def relabelled(self, material: Material, split: Split) -> RawData:
        """Return the data that models are trained on, once it is known what is to be forgotten."""
        del split
        return material.raw
