"""The outputs of models: computed for every feature, kept in stores, joined to banks."""

from __future__ import annotations

import itertools
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scorer.errors import ScorerError
from scorer.features import ForwardPass, extra_held, holds_all, kept_features
from scorer.oracles.mapped import map_outputs
from scorer.store import DamagedEntry, Seal, Store
from scorer.tasks.task import SETS, Task
from scorer.training.loop import predict
from scorer.training.recipe import Recipe

MOST_IN_MEMORY_BYTES = 64 * 2**20
"""Of one bank; a score holds one for each role and submission."""


class NotFinite(ScorerError):
    """A model's outputs are not finite numbers."""


@dataclass(frozen=True)
class EvaluationData:
    """Images and labels of every set of a task, on the device of the models, and its recipe."""

    images: dict[str, Tensor]
    labels: dict[str, np.ndarray]
    recipe: Recipe

    @classmethod
    def of(cls, task: Task, device: torch.device) -> EvaluationData:
        """Read every set of a task onto the device."""
        channels_last = torch.channels_last
        images = {s: task.images(s).to(device, memory_format=channels_last) for s in SETS}
        labels = {s: task.labels(s).numpy() for s in SETS}
        return cls(images, labels, task.definition.recipe)


def evaluate(
    net: nn.Module, data: EvaluationData, extra: Collection[str] = ()
) -> dict[str, np.ndarray]:
    """Return the outputs of one model in eval mode.

    Args:
        net: on the device of the data.
        data: every set.
        extra: names of the extra features that are asked for.

    Returns:
        `<feature>_<set>` `(n, ...)` of every feature, for the sets that it is kept of.

    Raises:
        NotFinite: logits on a set, or what a feature makes of them, are not finite.
    """
    outputs: dict[str, np.ndarray] = {}
    features = kept_features(extra)
    retain = data.images["retain"], data.labels["retain"]
    for set_name, images in data.images.items():
        logits = predict(net, images).cpu().numpy()
        _check_finite(logits, "logits", set_name)
        seen = ForwardPass(net, images, data.labels[set_name], logits, retain, data.recipe)
        for feature in features:
            if feature.wants(set_name):
                # What overflows is infinite, and refused below.
                with np.errstate(over="ignore", invalid="ignore"):
                    found = feature.compute(seen)
                _check_finite(found, feature.name, set_name)
                outputs[f"{feature.name}_{set_name}"] = found
    return outputs


def _check_finite(values: np.ndarray, what: str, set_name: str) -> None:
    """Raise where outputs are not all finite."""
    is_finite = np.isfinite(values)
    if not is_finite.all():
        raise NotFinite(
            f"the outputs of a network must be finite, got {what} on {set_name} of which"
            f" {np.count_nonzero(~is_finite)} of {is_finite.size} are not"
        )


def extra_of(store: Store, index: int, asked: Collection[str]) -> tuple[str, ...]:
    """Return the extra features of an entry that is to be written: see `extra_held`.

    Args:
        store: that may hold an entry of that index, which lacks something.
        index: of the entry.
        asked: names of the extra features that are asked for.
    """
    try:
        held = extra_held(store.manifest(index))
    except DamagedEntry:
        held = set()
    return tuple(sorted(held | set(asked)))


def output_store(root: Path, seal: Seal, extra: Collection[str] = ()) -> Store:
    """Return a store of outputs, in which only what holds every feature counts as there.

    Args:
        root: the folder.
        seal: what the entries are held against.
        extra: names of the extra features that are asked for.
    """
    features = kept_features(extra)
    return Store(root, lambda manifest: holds_all(manifest, features), seal=seal)


@dataclass(frozen=True)
class Bank:
    """Outputs of N models, in the order of their indices.

    Attributes:
        arrays: as `evaluate` names them and in its dtypes, each with a first axis `n_models`. They
            may be views, or lie in a file: to be read and not to be written.
    """

    arrays: Mapping[str, np.ndarray]

    @classmethod
    def stack(cls, outputs: Sequence[Mapping[str, np.ndarray]]) -> Bank:
        """Join the outputs of single models: what all of them have."""
        names = [name for name in outputs[0] if all(name in one for one in outputs)]
        return cls({name: np.stack([one[name] for one in outputs]) for name in names})

    @property
    def n_models(self) -> int:
        """Return N."""
        return len(next(iter(self.arrays.values())))

    def confidence(self, set_name: str = "forget") -> np.ndarray:
        """Return logit-scaled confidences `(n_models, n_examples)` as kept, that is float32."""
        return self.arrays[f"confidence_{set_name}"]

    def output(self, feature: str) -> np.ndarray:
        """Return what is kept of a feature on the forget set `(n_models, n_examples, ...)`."""
        return self.arrays[f"{feature}_forget"]

    def accuracy(self, set_name: str) -> np.ndarray:
        """Return the accuracy of each model `(n_models,)` in [0, 1]."""
        return np.asarray(self.arrays[f"correct_{set_name}"].mean(axis=1))

    def take(self, indices: Sequence[int]) -> Bank:
        """Return a bank of these models, each as often as it is named; nothing is copied now."""
        return Bank(_Taken(self.arrays, list(indices)))

    def beside(self, **arrays: np.ndarray) -> Bank:
        """Return a bank with more arrays `(n_models, ...)`; nothing is copied."""
        return Bank(ChainMap(arrays, self.arrays))  # type: ignore[arg-type]  # none is written


class _Taken(Mapping[str, np.ndarray]):
    """Models out of arrays, each as often as it is named, put together when they are looked at."""

    def __init__(self, arrays: Mapping[str, np.ndarray], indices: list[int]) -> None:
        """Keep the arrays and the indices of the models."""
        self._arrays, self._indices = arrays, indices

    def __getitem__(self, name: str) -> np.ndarray:
        """Return one array: a view of one model N times or of neighbours, else a copy."""
        array, first, n = self._arrays[name], self._indices[0], len(self._indices)
        if self._indices == [first] * n:
            return np.broadcast_to(array[first], (n, *array.shape[1:]))
        if self._indices == list(range(first, first + n)):
            return array[first : first + n]
        return array[self._indices]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def read_bank(store: Store, n_models: int, *, also: Sequence[str] = ()) -> Bank:
    """Return the outputs of the first models of a store, each file read and held against once.

    Args:
        store: of outputs.
        n_models: how many, at least 1.
        also: other files of each entry to hold against its manifest.

    Raises:
        DamagedEntry: an entry is not there, or its bytes changed.
        DiskError: the disk has no room for a large bank.
    """
    outputs = (store.read(index, also=also) for index in range(n_models))
    return join_outputs(outputs, n_models, store.root)


def join_outputs(outputs: Iterable[Mapping[str, np.ndarray]], n_models: int, folder: Path) -> Bank:
    """Return the outputs of single models as a bank, which holds what all of them have.

    One of more than `MOST_IN_MEMORY_BYTES` lies in a file instead of memory, and of its models one
    is held at a time.

    Args:
        outputs: arrays by name, model by model.
        n_models: how many there are, at least 1.
        folder: on the disk that is to hold a large bank.

    Raises:
        DiskError: the disk has no room for it.
    """
    models = iter(outputs)
    first = next(models)
    every = itertools.chain([first], models)
    if n_models * sum(array.nbytes for array in first.values()) <= MOST_IN_MEMORY_BYTES:
        return Bank.stack(list(every))
    return Bank(map_outputs(every, n_models, folder))
