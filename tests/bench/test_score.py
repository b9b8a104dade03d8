"""Bench score: stages of known length, and the real way from a method to a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scorer.bench import Settings, score
from scorer.engines import ENGINES
from scorer.engines.base import Emit, Engine, Progress, Spec
from scorer.errors import ScorerError
from scorer.options import Options
from tests._engine import InlineEngine
from tests.bench._machine import Machine

LOAD_S, RUNS_S, METRIC_S, FRESH_S = 1.0 + 2.0, 20.0, 5.0, 2.0


class Pretence:
    """A scorer and an engine that take known times on a fake clock."""

    def __init__(self, **record: Any) -> None:
        self.machine = Machine()
        self.runs_dirs: list[Path] = []
        self.seeds: list[int] = []
        self.record = {"faults": [], "elapsed_s": 0.25, "retraining_s": 1.25} | record

    def score(
        self, methods: Sequence[str], options: Options, progress: Progress, **how: Any
    ) -> Any:
        assert list(methods) == [score.METHOD]
        self.runs_dirs.append(how["runs_dir"])
        for stage, lasts_s in (
            ("open", 1.0),
            ("train", 2.0),
            ("run", RUNS_S),
            ("measure", METRIC_S),
        ):
            self.machine.now += lasts_s
            how["on_stage"](stage)
        return [SimpleNamespace(record=SimpleNamespace(**self.record))]

    def measure(self, settings: Settings, rounds: int) -> Any:
        pretence = self

        class FreshEngine(Engine):
            def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
                assert function == "scorer.bench.score:fresh_run"
                pretence.seeds += [spec["seed"] for spec in specs]
                pretence.machine.now += FRESH_S

        return score.measure(
            replace(settings, rounds=rounds),
            n_models=8,
            n_workers=2,
            score=self.score,
            engine=FreshEngine(2),
            clock=self.machine.clock,
        )


def test_stages_end_one_after_another(settings: Settings) -> None:
    pretence = Pretence()
    values = pretence.measure(settings, 3).values
    stages = {key: value for key, value in values.items() if key.endswith("_s")}
    assert stages == {
        "prepare_s": LOAD_S,
        "runs_s": RUNS_S,
        "metric_s": METRIC_S,
        "run_s": 0.25,
        "retraining_s": 1.25,
        "total_s": LOAD_S + RUNS_S + METRIC_S,
        # Two at a time take 2 s, so eight take 8.
        "fresh_runs_s": 8.0,
    }
    assert values["ratio_vs_fresh_processes"] == 8.0 / RUNS_S


def test_no_run_is_one_that_was_kept(settings: Settings) -> None:
    pretence = Pretence()
    pretence.measure(settings, 3)
    assert len(set(pretence.runs_dirs)) == len(pretence.runs_dirs) == 4
    assert len(set(pretence.seeds)) == len(pretence.seeds) == 8


def test_failed_runs_are_no_figures(settings: Settings) -> None:
    with pytest.raises(ScorerError, match=r"runs of finetune failed: \['raised'\]"):
        Pretence(faults=["raised"]).measure(settings, 1)


@pytest.mark.slow
def test_the_real_way_to_a_record(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Shards run in this process; to start others takes longer than the work.
    monkeypatch.setitem(ENGINES.members, "local", InlineEngine)
    before = sorted(settings.cache_dir.rglob("*"))
    report = score.measure(replace(settings, rounds=1), task="tiny", n_models=2, n_workers=1)
    stages = [report.values[f"{name}_s"] for name in ("prepare", "runs", "metric")]
    assert sum(stages) <= report.values["total_s"]
    assert np.min(stages) > 0
    assert sorted(settings.cache_dir.rglob("*")) == before
