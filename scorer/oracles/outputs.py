"""What the score needs to know of a model: confidences and hits on every set, logits on forget."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from scorer.metric.confidence import logit_scaled_confidence
from scorer.tasks.task import SETS, Task
from scorer.training.loop import predict


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
        For each set `confidence_<set>` `(n,)` float32, the logit-scaled confidence of the true
        class, and `correct_<set>` `(n,)` bool; and `logits_forget` `(n, n_classes)` float32.
    """
    outputs: dict[str, np.ndarray] = {}
    for set_name, images in data.images.items():
        logits = predict(net, images).cpu().numpy()
        labels = data.labels[set_name]
        confidence = logit_scaled_confidence(logits, labels)
        outputs[f"confidence_{set_name}"] = confidence.astype(np.float32)
        outputs[f"correct_{set_name}"] = logits.argmax(axis=1) == labels
        if set_name == "forget":
            outputs["logits_forget"] = logits
    return outputs


@dataclass(frozen=True)
class Bank:
    """Outputs of N models, in the order of their indices.

    Attributes:
        arrays: as `evaluate` names them, each with a first axis `n_models`.
    """

    arrays: dict[str, np.ndarray]

    @classmethod
    def stack(cls, outputs: list[dict[str, np.ndarray]]) -> Bank:
        """Join the outputs of single models."""
        return cls({name: np.stack([one[name] for one in outputs]) for name in outputs[0]})

    @property
    def n_models(self) -> int:
        """Return N."""
        return len(self.arrays["logits_forget"])

    def confidence(self, set_name: str = "forget") -> np.ndarray:
        """Return logit-scaled confidences `(n_models, n_examples)` float64."""
        return self.arrays[f"confidence_{set_name}"].astype(np.float64)

    def accuracy(self, set_name: str) -> np.ndarray:
        """Return the accuracy of each model `(n_models,)` in [0, 1]."""
        return self.arrays[f"correct_{set_name}"].mean(axis=1)

    def repeated(self, n_models: int) -> Bank:
        """Return a bank of one model taken `n_models` times: what doing nothing N times gives."""
        return Bank({name: np.repeat(a[:1], n_models, axis=0) for name, a in self.arrays.items()})
