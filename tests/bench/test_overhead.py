"""The share of arithmetic in a step: its formula on planted times, and a real step."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.bench import Settings, overhead
from scorer.bench.overhead import FEW, kept_arithmetic_percent
from scorer.kinds import kind_named
from scorer.training.loop import TrainingSet
from scorer.training.recipe import Recipe
from tests.training._common import noise, recipe


def test_the_report_has_what_a_step_takes_beyond_few_examples(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def planted(data: TrainingSet, own: Recipe, given: Settings) -> tuple[Any, Any]:
        assert len(data) == own.batch_size == 64
        assert given.rounds == 3
        return np.array([10.0, 20.0, 8.0]), np.array([2.0, 8.0, 0.8])

    monkeypatch.setattr(overhead, "step_times", planted)
    report = overhead.measure(replace(settings, task="", rounds=3), tasks=("tiny",))
    assert report.values == {"tiny_arithmetic_percent": pytest.approx(80.0)}
    assert [it["median"] for it in report.figures] == pytest.approx([10.0, 2.0, 80.0])
    share = report.figures[-1]
    assert (share["min"], share["max"]) == pytest.approx((60.0, 90.0))
    report.save(tmp_path)
    assert kept_arithmetic_percent("tiny", tmp_path) == pytest.approx(80.0)
    assert kept_arithmetic_percent("digits", tmp_path) is None


def test_whole_batches_and_few_examples_take_turns(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    costs = {16: 0.5, FEW: 0.25}

    def planted(_: TrainingSet, own: Recipe) -> Any:
        def run(n_steps: int) -> float:
            seen.append(own.batch_size)
            return costs[own.batch_size] * n_steps

        return run

    monkeypatch.setattr(overhead, "steps_of", planted)
    whole_ms, few_ms = overhead.step_times(noise(16, 1, 8, 8), recipe(batch_size=16), settings)
    np.testing.assert_allclose(whole_ms, [500.0, 500.0])
    np.testing.assert_allclose(few_ms, [250.0, 250.0])
    assert seen[-4:] == [16, FEW, 16, FEW]


def test_real_steps_take_processor_time() -> None:
    run = overhead.steps_of(noise(64, 1, 8, 8), recipe(batch_size=64))
    assert run(2) > 0


def test_ls_shows_the_kept_share(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"digits": 81.5}
    monkeypatch.setattr(overhead, "kept_arithmetic_percent", shares.get)
    rows = {row["name"]: row["arithmetic_percent"] for row in kind_named("tasks").rows()}
    assert rows["digits"] == 81.5
    assert rows["cifar10"] is None
    assert json.dumps(rows)
