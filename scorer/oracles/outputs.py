"""The outputs of models: computed for every feature, kept in stores, joined to banks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from scorer.errors import ScorerError
from scorer.features import FEATURES, ForwardPass, holds_all
from scorer.store import Seal, Store
from scorer.tasks.task import SETS, Task
from scorer.training.loop import predict


class NotFinite(ScorerError):
    """A model's outputs are not finite numbers."""


@dataclass(frozen=True)
class EvaluationData:
    """Images and labels of every set of a task, on the device of the models."""

    images: dict[str, Tensor]
    labels: dict[str, np.ndarray]

    @classmethod
    def of(cls, task: Task, device: torch.device) -> EvaluationData:
        """Read every set of a task onto the device."""
        channels_last = torch.channels_last
        images = {s: task.images(s).to(device, memory_format=channels_last) for s in SETS}
        return cls(images, {s: task.labels(s).numpy() for s in SETS})


def evaluate(net: nn.Module, data: EvaluationData) -> dict[str, np.ndarray]:
    """Return the outputs of one model in eval mode.

    Returns:
        `<feature>_<set>` `(n, ...)` of every feature, for the sets that it is kept of.

    Raises:
        NotFinite: logits on a set, or what a feature makes of them, are not finite.
    """
    outputs: dict[str, np.ndarray] = {}
    for set_name, images in data.images.items():
        logits = predict(net, images).cpu().numpy()
        _check_finite(logits, "logits", set_name)
        seen = ForwardPass(net, images, data.labels[set_name], logits)
        for feature in FEATURES.values():
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


def output_store(root: Path, seal: Seal) -> Store:
    """Return a store of outputs, in which only what holds every feature counts as there."""
    return Store(root, lambda manifest: holds_all(manifest, FEATURES.values()), seal=seal)


@dataclass(frozen=True)
class Bank:
    """Outputs of N models, in the order of their indices.

    Attributes:
        arrays: as `evaluate` names them, each with a first axis `n_models`.
    """

    arrays: dict[str, np.ndarray]

    @classmethod
    def stack(cls, outputs: Sequence[dict[str, np.ndarray]]) -> Bank:
        """Join the outputs of single models: what all of them have."""
        names = [name for name in outputs[0] if all(name in one for one in outputs)]
        return cls({name: np.stack([one[name] for one in outputs]) for name in names})

    @property
    def n_models(self) -> int:
        """Return N."""
        return len(next(iter(self.arrays.values())))

    def confidence(self, set_name: str = "forget") -> np.ndarray:
        """Return logit-scaled confidences `(n_models, n_examples)` float64."""
        return self.arrays[f"confidence_{set_name}"].astype(np.float64)

    def accuracy(self, set_name: str) -> np.ndarray:
        """Return the accuracy of each model `(n_models,)` in [0, 1]."""
        return np.asarray(self.arrays[f"correct_{set_name}"].mean(axis=1))

    def take(self, indices: Sequence[int]) -> Bank:
        """Return a bank of these models, each as often as it is named."""
        return Bank({name: array[list(indices)] for name, array in self.arrays.items()})
