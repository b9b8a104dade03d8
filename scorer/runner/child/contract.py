"""What a submission is given: loaders whose batches answer to both public idioms.

    for images, labels in retain: ...
    for sample in retain: sample["image"], sample["age_group"], sample["label"]

Loaders that a submission builds anew from `.dataset` behave the same.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils.collate import default_collate_fn_map

BATCH_SIZE = 64
PARAMETERS = ("net", "retain", "forget", "val")
IMAGE_KEYS = ("image",)
LABEL_KEYS = ("label", "age_group")


class Sample(tuple[Tensor, Tensor]):
    """An `(image, label)` or `(images, labels)` pair that also answers to names."""

    __slots__ = ()

    def __new__(cls, image: Tensor, label: Tensor) -> Sample:
        return super().__new__(cls, (image, label))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key in IMAGE_KEYS:
                return tuple.__getitem__(self, 0)
            if key in LABEL_KEYS:
                return tuple.__getitem__(self, 1)
            raise KeyError(f"a sample has the keys {self.keys()}, got {key!r}")
        return tuple.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        return key in self.keys() if isinstance(key, str) else any(key is part for part in self)

    def __getnewargs__(self) -> tuple[Tensor, Tensor]:
        return (self[0], self[1])

    def keys(self) -> tuple[str, ...]:
        """Return the names that a sample answers to."""
        return (*IMAGE_KEYS, *LABEL_KEYS)


class Samples(Sequence[Sample]):
    """Many samples that are taken out of their tensors only one by one, where somebody asks.

    Attributes:
        images: `(n, channels, height, width)`.
        labels: `(n,)`.
    """

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Samples(self.images[index], self.labels[index])
        return Sample(self.images[index], self.labels[index])


def _collate_samples(samples: Sequence[Sample], *, collate_fn_map: Any = None) -> Sample:
    """Join samples to a batch; those that never were apart are not copied."""
    del collate_fn_map
    if isinstance(samples, Samples):
        return Sample(samples.images, samples.labels)
    return Sample(
        torch.stack([sample[0] for sample in samples]),
        torch.stack([sample[1] for sample in samples]),
    )


# The extension point that torch documents for default_collate: without it a tuple's own type, and
# with it the names, would be lost in loaders that a submission builds itself.
default_collate_fn_map[Sample] = _collate_samples


class ArrayDataset(Dataset[Sample]):
    """Images `(n, channels, height, width)` float32 and labels `(n,)` int64 held as tensors."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images = images
        self.labels = labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        return Sample(self.images[index], self.labels[index])

    def __getitems__(self, indices: Sequence[int]) -> Samples:
        """Return many samples at once; loaders call this instead of asking one by one."""
        chosen = torch.as_tensor(indices)
        return Samples(self.images[chosen], self.labels[chosen])


class NeedsRetain(Exception):
    """A submission asked for data of a retain set that is gone."""


class Gone(Dataset[Sample]):
    """A data set of which nothing is left, and that notices what is asked of it.

    Attributes:
        was_asked: whether anybody wanted an example of it.
        was_counted: whether anybody wanted to know its length, which is no offence.
    """

    def __init__(self) -> None:
        self.was_asked = self.was_counted = False

    def __len__(self) -> int:
        self.was_counted = True
        return 0

    def __getitem__(self, index: Any) -> Sample:
        raise self.asked()

    def __getattr__(self, name: str) -> Any:
        # What an `ArrayDataset` has besides; whatever else is asked for was never there.
        if name in ("images", "labels"):
            raise self.asked()
        raise AttributeError(name)

    def asked(self) -> NeedsRetain:
        """Return what to raise where an example is wanted, and remember that one was."""
        self.was_asked = True
        return NeedsRetain(
            "the retain set is empty in this scenario, and data of it were asked for"
        )


class GoneLoader(DataLoader[Sample]):
    """A loader of such a data set: its length is 0, and to iterate over it is to ask for data."""

    def __iter__(self) -> Any:
        raise self.dataset.asked()  # type: ignore[attr-defined]


def gone_loader() -> DataLoader[Sample]:
    """Return the loader of a set that is gone, of which nothing was asked yet."""
    dataset = Gone()
    loader = GoneLoader(dataset, batch_size=BATCH_SIZE)
    dataset.was_counted = False  # by the loader itself, while it was made
    return loader


def make_loader(images: Tensor, labels: Tensor) -> DataLoader[Sample]:
    """Return a shuffled loader with the contract's batch size; of no examples, `gone_loader`."""
    if not len(labels):
        return gone_loader()
    return DataLoader(ArrayDataset(images, labels), batch_size=BATCH_SIZE, shuffle=True)


def signature_problem(function: Any) -> str | None:
    """Return why `function` cannot be called as `unlearning(net, retain, forget, val)`, or None."""
    if not callable(function):
        return f"`unlearning` must be a function, got {type(function).__name__}"
    try:
        inspect.signature(function).bind(*PARAMETERS)
    except TypeError as error:
        return f"must be callable as unlearning(net, retain, forget, val): {error}"
    return None


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (CUDA too, as soon as it is used)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
