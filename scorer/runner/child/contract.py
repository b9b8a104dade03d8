"""What a submission is given: loaders whose batches answer to both public idioms.

    for images, labels in retain: ...
    for sample in retain: sample["image"], sample["age_group"], sample["label"]

Loaders that a submission builds anew from `.dataset` behave the same. What people set on a data set
is applied, or refused where it cannot be: never passed over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils.collate import default_collate_fn_map

BATCH_SIZE = 64
IMAGE_KEYS = ("image",)
LABEL_KEYS = ("label", "age_group")
PERSON_KEY = "person_id"
"""Whom an image is of, by a number without a meaning: where the data say so."""


class Sample(tuple[Tensor, Tensor]):
    """An `(image, label)` or `(images, labels)` pair that also answers to names."""

    more: Mapping[str, Tensor]

    def __new__(
        cls, image: Tensor, label: Tensor, more: Mapping[str, Tensor] | None = None
    ) -> Sample:
        made = super().__new__(cls, (image, label))
        made.more = more or {}
        return made

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            if key in IMAGE_KEYS:
                return tuple.__getitem__(self, 0)
            if key in LABEL_KEYS:
                return tuple.__getitem__(self, 1)
            if key in self.more:
                return self.more[key]
            raise KeyError(f"a sample has the keys {self.keys()}, got {key!r}")
        return tuple.__getitem__(self, key)

    def __contains__(self, key: object) -> bool:
        return key in self.keys() if isinstance(key, str) else any(key is part for part in self)

    def __getnewargs__(self) -> tuple[Tensor, Tensor, Mapping[str, Tensor]]:
        return (self[0], self[1], self.more)

    def keys(self) -> tuple[str, ...]:
        """Return the names that a sample answers to."""
        return (*IMAGE_KEYS, *LABEL_KEYS, *self.more)

    def values(self) -> tuple[Tensor, ...]:
        """Return what it answers to each of its names."""
        return tuple(self[key] for key in self.keys())

    def items(self) -> tuple[tuple[str, Tensor], ...]:
        """Return names with what it answers."""
        return tuple((key, self[key]) for key in self.keys())

    def get(self, key: str, default: Any = None) -> Any:
        """Return what it answers to a name, or something else where that is none of its own."""
        return self[key] if key in self.keys() else default

    def pin_memory(self) -> Sample:
        """Return it in memory that a GPU copies from, as loaders ask for."""
        more = {name: each.pin_memory() for name, each in self.more.items()}
        return Sample(self[0].pin_memory(), self[1].pin_memory(), more)


class Samples(Sequence[Sample]):
    """Many samples that are taken out of their tensors only one by one, where somebody asks.

    Attributes:
        images: `(n, channels, height, width)`.
        labels: `(n,)`.
        more: `(n,)` by name.
    """

    def __init__(self, images: Tensor, labels: Tensor, more: Mapping[str, Tensor]) -> None:
        self.images = images
        self.labels = labels
        self.more = more

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        kind = Samples if isinstance(index, slice) else Sample
        more = {name: each[index] for name, each in self.more.items()}
        return kind(self.images[index], self.labels[index], more)


def _collate_samples(samples: Sequence[Sample], *, collate_fn_map: Any = None) -> Sample:
    """Join samples to a batch; those that never were apart are not copied."""
    del collate_fn_map
    if isinstance(samples, Samples):
        return Sample(samples.images, samples.labels, samples.more)
    return Sample(
        torch.stack([sample[0] for sample in samples]),
        torch.stack([torch.as_tensor(sample[1]) for sample in samples]),
        {name: torch.stack([one.more[name] for one in samples]) for name in samples[0].more},
    )


# The extension point that torch documents for default_collate: without it a tuple's own type, and
# with it the names, would be lost in loaders that a submission builds itself.
default_collate_fn_map[Sample] = _collate_samples

NOT_HERE = {
    "data": "pixels are `.images`, normalised float32 (n, channels, height, width)",
    "samples": "there are no files; images are `.images` and labels `.targets`",
    "imgs": "there are no files; images are `.images` and labels `.targets`",
    "transforms": "set `.transform` or `.target_transform`",
}
"""What data sets of torchvision have and these have not, with what to take instead."""


class ArrayDataset(Dataset[Sample]):
    """Images and labels held as tensors, with what data sets of torchvision let people set.

    Attributes:
        images: `(n, channels, height, width)` float32, normalised.
        labels: `(n,)` int64; `targets` is the same.
        more: `(n,)` by name: what a sample answers besides.
        transform: called with each image, a tensor, if it is set.
        target_transform: called with each label, if it is set.
    """

    transform: Callable[[Tensor], Any] | None = None
    target_transform: Callable[[Tensor], Any] | None = None

    def __init__(
        self, images: Tensor, labels: Tensor, more: Mapping[str, Tensor] | None = None
    ) -> None:
        self.images = images
        self.labels = labels
        self.more = more or {}

    @property
    def targets(self) -> Tensor:
        """Return the labels by the name that torchvision has for them."""
        return self.labels

    @targets.setter
    def targets(self, labels: Any) -> None:
        """Set the labels that samples have from here on.

        Raises:
            ValueError: their number is another.
        """
        given = torch.as_tensor(labels, dtype=torch.int64)
        if given.shape != self.labels.shape:
            raise ValueError(
                f"`targets` must be {len(self.labels)} labels, got {tuple(given.shape)}"
            )
        self.labels = given

    def __setattr__(self, name: str, value: Any) -> None:
        if name in NOT_HERE:
            raise AttributeError(f"`{name}` of a set cannot be set: {NOT_HERE[name]}")
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in NOT_HERE:
            raise AttributeError(f"a set has no `{name}`: {NOT_HERE[name]}")
        raise AttributeError(f"a set has no `{name}`")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Sample:
        image, label = self.images[index], self.labels[index]
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return Sample(image, label, {name: each[index] for name, each in self.more.items()})

    def __getitems__(self, indices: Sequence[int]) -> Samples | list[Sample]:
        """Return many samples at once; loaders call this instead of asking one by one."""
        if self.transform is not None or self.target_transform is not None:
            return [self[index] for index in indices]
        chosen = torch.as_tensor(indices)
        more = {name: each[chosen] for name, each in self.more.items()}
        return Samples(self.images[chosen], self.labels[chosen], more)


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


def make_loader(
    images: Tensor, labels: Tensor, more: Mapping[str, Tensor] | None = None
) -> DataLoader[Sample]:
    """Return a shuffled loader with the contract's batch size; of no examples, `gone_loader`."""
    if not len(labels):
        return gone_loader()
    return DataLoader(ArrayDataset(images, labels, more), batch_size=BATCH_SIZE, shuffle=True)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (CUDA too, as soon as it is used)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
