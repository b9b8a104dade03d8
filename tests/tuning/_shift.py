"""A submission with constants to tune, and records of it that no run was needed for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from scorer.engines.base import Progress
from scorer.options import Options
from scorer.runner.load import Submission, find_submission
from scorer.tuning.constants import Value, constants_of

SOURCE = '''"""Shift."""
import torch
from baselines.common import for_family
LEARNING_RATE = {"digits": 0.5, "fashion_mnist": 0.25}  # a unit
EPOCHS = 2.0
BATCH_SIZE = 64
SCALED = True
KEPT_SHARE = 0.9
OTHER = 1e-3
COUNT = 3
TABLE = {"a": 1.0}
NAME = "x"
lower = 2.0
def unlearning(net, retain, forget, val):
    images = next(iter(retain))[0]
    rate, epochs = for_family(images, LEARNING_RATE, EPOCHS)
    for_family(images, BATCH_SIZE, SCALED, KEPT_SHARE)
    net.fc.bias.data += rate * torch.randn(10)
'''

TUNED = ["LEARNING_RATE", "EPOCHS", "BATCH_SIZE", "SCALED", "KEPT_SHARE"]


def submission_in(folder: Path, source: str = SOURCE) -> Submission:
    """Return a file of that source as a submission."""
    path = folder / "shift.py"
    path.write_text(source)
    return find_submission(str(path))


class StubScores:
    """Stands in for `score`: gives each trial what a function of its constants says."""

    def __init__(self, relative: Callable[[dict[str, Any]], float], **others: Any) -> None:
        """Take the score, and numbers or functions of the constants for other fields."""
        self.fields = {"relative_score": relative, **others}
        self.calls: list[tuple[int, int, int]] = []

    def __call__(
        self,
        methods: Sequence[Submission],
        options: Options,
        progress: Progress,
        measures: Collection[str],
    ) -> list[SimpleNamespace]:
        self.calls.append((options.split_seed, options.n_models, len(methods)))
        return [SimpleNamespace(record=self.record(each, options)) for each in methods]

    def record(self, method: Submission, options: Options) -> SimpleNamespace:
        """Return what `scorer.tuning` reads of a record."""
        constants = constants_of(method.source.decode())
        values: dict[str, Value] = {name: each.at("digits") for name, each in constants.items()}
        fields = {
            "relative_score_se": 0.001,
            "floor_final_score": 0.0,
            "ceiling_final_score": 0.2,
            "accuracy": {"retain": 1.0, "test": 1.0},
            "oracle_accuracy": {"retain": 1.0, "test": 1.0},
            "time_ratio": 0.1,
            "compute_ratio": 0.1,
            **self.fields,
        }
        found = {name: each(values) if callable(each) else each for name, each in fields.items()}
        return SimpleNamespace(
            n_models=options.n_models,
            split_seed=options.split_seed,
            budget=options.budget,
            faults=[],
            measured=found,
            **found,
        )
