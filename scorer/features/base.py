"""What a feature is, what it is computed from, and which of them an entry on disk holds.

Nothing here or in a feature's file imports torch at its top: who reads records reads features too,
and has no use for seconds of imports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scorer.training.recipe import Recipe

FIRST = {"confidence": 1, "correct": 1, "logits": 1}
"""What entries hold that were written before manifests named features."""


@dataclass(frozen=True)
class ForwardPass:
    """One model on one set of a task.

    Attributes:
        net: in eval mode, on its device, for what logits do not tell.
        images: `(n, channels, height, width)` float32 tensor on that device.
        labels: `(n,)` int64.
        logits: `(n, n_classes)` float32.
        retain: images and labels of the retain set, likewise, for what is seen beside it.
        recipe: of the task, for what comes of training on.
    """

    net: Any
    images: Any
    labels: np.ndarray
    logits: np.ndarray
    retain: tuple[Any, np.ndarray]
    recipe: Recipe


@dataclass(frozen=True)
class Feature:
    """Something about every example of a set that is kept of every model.

    Attributes:
        name: of its file; arrays are called `<name>_<set>`.
        version: from 1; to be raised with every change of what `compute` returns.
        summary: one line: what it is, shape of one example, dtype.
        compute: returns `(n, ...)`, the first axis being examples, or what is one of all of them.
        sets: of which sets it is kept; None for all.
        is_extra: whether it is kept only where it is asked for by name. Entries without it stay
            good for whoever does not ask.
    """

    name: str
    version: int
    summary: str
    compute: Callable[[ForwardPass], np.ndarray]
    sets: tuple[str, ...] | None = None
    is_extra: bool = False

    def wants(self, set_name: str) -> bool:
        """Tell whether it is kept of a set."""
        return self.sets is None or set_name in self.sets


def versions(features: Iterable[Feature]) -> dict[str, int]:
    """Return what a manifest says: the version of each feature by name."""
    return {feature.name: feature.version for feature in features}


def holds_all(manifest: Mapping[str, Any], features: Iterable[Feature]) -> bool:
    """Tell whether an entry holds all of these features in their present versions."""
    held = manifest.get("features", FIRST)
    return all(held.get(feature.name) == feature.version for feature in features)
