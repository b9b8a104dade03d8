"""A task with its data: what models are trained on, evaluated on, and identified by."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np
import torch

from data_prep import RawData, Split
from scorer.options import OWN_FORGET_SET
from scorer.store import json_sha256
from scorer.tasks.definition import TaskDefinition
from scorer.training.loop import TrainingSet

SETS = ("retain", "forget", "val", "test")


@dataclass(frozen=True)
class Task:
    """Data, split and recipe under one fingerprint.

    Attributes:
        definition: as declared.
        split_seed: which split of the data; 0 is the public one.
        raw: images and labels of all sets.
        split: index arrays into `raw`, and the stratum of each forget example.
        forget: what is to be forgotten: the task's own forget set, or another as it is typed.
    """

    definition: TaskDefinition
    split_seed: int
    raw: RawData
    split: Split
    forget: str = OWN_FORGET_SET

    @property
    def name(self) -> str:
        """Return the task's name."""
        return self.definition.name

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return self.raw.n_classes

    @property
    def n_channels(self) -> int:
        """Return the number of image channels."""
        return int(self.raw.images.shape[1])

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 of everything that decides which distribution the models come from.

        Content hashes of images, labels and of the indices of each set; normalisation; every
        field of the recipe, its version included; the name of a forget set that is not the task's
        own.
        """
        parts: dict[str, object] = {
            "data": self.raw.content_sha256(),
            "normalisation": [list(self.raw.mean), list(self.raw.std), self.raw.value_range],
            "n_classes": self.n_classes,
            "sets": {name: _hash_of(self.indices(name)) for name in SETS},
            "recipe": asdict(self.definition.recipe),
        }
        if self.forget != OWN_FORGET_SET:
            parts["forget"] = self.forget
        return json_sha256(parts)

    def indices(self, set_name: str) -> np.ndarray:
        """Return the sorted indices `(n,)` of one set, or of "train" = retain + forget."""
        if set_name == "train":
            return np.sort(np.concatenate([self.split.retain, self.split.forget]))
        indices: np.ndarray = getattr(self.split, set_name)
        return indices

    def images(self, set_name: str) -> torch.Tensor:
        """Return normalised images `(n, channels, height, width)` float32 of one set."""
        return torch.from_numpy(self.raw.normalised(self.indices(set_name)))

    def labels(self, set_name: str) -> torch.Tensor:
        """Return labels `(n,)` int64 of one set."""
        return torch.from_numpy(self.raw.labels[self.indices(set_name)])

    def people_of(self, indices: np.ndarray) -> torch.Tensor | None:
        """Return whom each of some images is of, `(n,)` int64, None where the data do not say.

        By numbers that mean nothing beyond the task: 0, 1 and so on.
        """
        if self.raw.subjects is None:
            return None
        numbers = np.unique(self.raw.subjects, return_inverse=True)[1]
        return torch.from_numpy(numbers.reshape(-1)[indices])

    def training_set(self, set_name: str, device: torch.device) -> TrainingSet:
        """Return "train" (for originals) or "retain" (for all others) on the device."""
        images = self.images(set_name).to(device, memory_format=torch.channels_last)
        return TrainingSet(images, self.labels(set_name).to(device), self.n_classes)

    def describe(self) -> dict[str, object]:
        """Return what a record says of the task besides its name and fingerprint."""
        return {
            "split_seed": self.split_seed,
            "sizes": {name: len(self.indices(name)) for name in SETS},
            "data_source": self.raw.source,
            "notes": self.split.notes,
            "recipe": asdict(self.definition.recipe),
        }


def _hash_of(indices: np.ndarray) -> str:
    """Return the SHA-256 of an index array, whatever integer dtype it came in."""
    return hashlib.sha256(np.ascontiguousarray(indices, dtype="<i8").tobytes()).hexdigest()
