"""A worker builds what all of its models share once, whatever the size of its groups."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scorer.oracles.outputs import EvaluationData
from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath
from tests._engine import InlineEngine


def test_training_data_are_built_once_a_worker(
    tiny_task: Task, loop_path: TrainingPath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: Counter[str] = Counter()
    training_set, of = Task.training_set, EvaluationData.of

    def counted(task: Task, name: str, device: Any) -> Any:
        built[name] += 1
        return training_set(task, name, device)

    def counted_evaluation(task: Task, device: Any) -> EvaluationData:
        built["evaluation"] += 1
        return of(task, device)

    monkeypatch.setattr(Task, "training_set", counted)
    monkeypatch.setattr(EvaluationData, "of", counted_evaluation)
    assert loop_path.k == 1, "a group is a model"
    pool = Pool(tiny_task, loop_path, "cpu", tmp_path, PUBLIC_SECRET)
    assert pool.ensure({"original": 2, "oracle": 3}, InlineEngine(1)) == 5
    assert built == {"train": 1, "retain": 1, "evaluation": 1}
