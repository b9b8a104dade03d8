"""Study `capacity`: its sets, its losses, and a quick run of all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from scorer.metric.confidence import logit_scaled_confidence
from scorer.runner.load import methods_in
from scorer.settings import PROJECT_ROOT
from scorer.studies import Settings
from scorer.studies._models import loss_of, read_sets, task_values
from scorer.studies.capacity import FINE_TUNING, STUDY, Sizes, best_method


def test_a_confidence_holds_the_loss() -> None:
    logits = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 9
    labels = torch.arange(6) % 4
    expected = F.cross_entropy(logits, labels, reduction="none").numpy()
    confidence = logit_scaled_confidence(logits.numpy(), labels.numpy())
    np.testing.assert_allclose(loss_of(confidence), expected, atol=1e-12)


@pytest.mark.parametrize("n_train", [130, 650, 10_000])
def test_a_sample_of_train_keeps_the_share_of_the_forget_set(
    settings: Settings, n_train: int
) -> None:
    task, sets = read_sets(task_values(settings, n_train, {"test": 50}))
    whole = {name: len(task.indices(name)) for name in ("retain", "forget")}
    kept = {name: len(sets.examples[name]) for name in ("retain", "forget")}
    share = min(1.0, n_train / sum(whole.values()))
    assert kept == {name: round(share * size) for name, size in whole.items()}
    assert len(sets.examples["test"]) == 50
    assert len(sets.training_set("original")) == sum(kept.values())
    assert len(sets.training_set("oracle")) == kept["retain"]


def test_networks_above_the_limit_are_left_out() -> None:
    networks = Sizes().networks
    assert networks[8, 8] == "resnet_8x8"
    assert (4, 64) not in networks
    assert len(networks) >= 12


@pytest.mark.parametrize("task", STUDY.tasks)
def test_the_best_method_is_a_baseline(task: str) -> None:
    best, board = best_method(task)
    assert best in set(methods_in(PROJECT_ROOT / "baselines")) - {FINE_TUNING}
    kept = PROJECT_ROOT / "baselines" / "leaderboards"
    assert board == (task if (kept / f"{task}.json").exists() else "digits")


def test_a_quick_run_answers_everything(settings: Settings, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    found = STUDY.run(replace(settings, progress=lambda *step: steps.append(step)))
    assert set(found.figures) == {"gap", "losses"}
    assert found.answers[0].question.startswith("Does the gap")
    wanted = {"gap_1x8", "ceiling_2x16", f"relative_score_{FINE_TUNING}_2x8", "gap_with_capacity"}
    assert wanted <= set(found.numbers)
    assert all(0 <= found.numbers[name].value <= 1 for name in found.numbers if "gap_1" in name)
    folder = found.write(tmp_path / "capacity")
    assert len(list(folder.glob("*.svg"))) == 2
    assert steps[-1] == ("study", 12, 12)
