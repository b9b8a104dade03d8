"""Task `plane`: points of the kept law, another draw for every split, its own hard examples."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_prep import plane as points
from data_prep.plane import Mixture, raw_points
from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks.kept import kept_path
from scorer.tasks.load import load_task
from scorer.tasks.task import SETS, Task


def load(cache_dir: Path, split_seed: int = 0) -> Task:
    options = Options(task="plane", split_seed=split_seed, device="cpu", cache_dir=cache_dir)
    return load_task(options, LocalEngine(1), no_progress)


def test_sizes_and_strata(tmp_path: Path) -> None:
    task = load(tmp_path / "unused")
    sizes = {name: len(task.indices(name)) for name in SETS}
    assert sizes == {"retain": 1170, "forget": 130, "val": 200, "test": 500}
    strata, counts = np.unique(task.split.forget_stratum, return_counts=True)
    assert dict(zip(strata.tolist(), counts.tolist(), strict=True)) == {"hard": 90, "random": 40}
    assert not (tmp_path / "unused").exists()


def test_the_hard_examples_are_of_the_kept_points() -> None:
    facts = json.loads(kept_path(TASKS["plane"], 0).read_text())
    assert facts["measured_on"]["data_sha256"] == points.draw(0).content_sha256()


@pytest.mark.parametrize("change", ["spread", "stray_share", "reach"])
def test_hard_examples_of_another_law_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    law = Mixture.from_dict(json.loads(points.FILE.read_text())["mixture"])
    other = replace(law, **{change: getattr(law, change) * 0.9})
    monkeypatch.setattr(points, "draw", lambda seed: raw_points(other, points.N_POINTS, seed))
    with pytest.raises(ScorerError, match="labels_sha256"):
        load(tmp_path)
