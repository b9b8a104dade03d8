"""The share of arithmetic in a step: its formula on planted times, and a real step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scorer.bench import Settings, overhead
from scorer.bench.overhead import Round, Steps, kept_arithmetic_percent, typical_sum
from scorer.kinds import kind_named
from tests.training._common import noise, recipe

PLANTED = [Round(10.0, 9.0, 2.0, 1.0), Round(20.0, 14.0, 2.0, 2.0), Round(8.0, 9.0, 1.0, 1.0)]


def test_what_few_examples_take_too_is_no_arithmetic() -> None:
    assert [it.arithmetic_percent for it in PLANTED] == [80.0, 60.0, 100.0]


def test_an_operator_counts_with_its_median() -> None:
    steps = [[1.0, 5.0], [1.0, 7.0], [90.0, 6.0], [1.0, 2.0, 3.0]]
    assert typical_sum(steps) == 1.0 + 6.0


def test_the_report_has_the_median_over_rounds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[int] = []

    def planted(_: Any, __: Any, n_rounds: int) -> Iterator[Round]:
        asked.append(n_rounds)
        yield from PLANTED

    monkeypatch.setattr(overhead, "rounds_of", planted)
    report = overhead.measure(replace(settings, task="", rounds=3), tasks=("tiny",))
    assert asked == [3]
    assert report.values == {"tiny_step_ms": 10.0, "tiny_arithmetic_percent": 80.0}
    share = report.figures[-1]
    assert (share["n"], share["min"], share["max"]) == (3, 60.0, 100.0)
    report.save(tmp_path)
    assert kept_arithmetic_percent("tiny", tmp_path) == 80.0
    assert kept_arithmetic_percent("digits", tmp_path) is None


def test_a_round_of_real_steps_is_measured() -> None:
    (found,) = overhead.rounds_of(noise(64, 1, 8, 8), recipe(batch_size=64), 1)
    assert min(vars(found).values()) > 0


def test_a_turn_has_at_least_a_step() -> None:
    assert 1 <= Steps(noise(8, 1, 8, 8), recipe(batch_size=8)).n_steps <= overhead.MAX_TURN_STEPS


def test_ls_shows_the_kept_share(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = {"digits": 81.5}
    monkeypatch.setattr(overhead, "kept_arithmetic_percent", shares.get)
    rows = {row["name"]: row["arithmetic_percent"] for row in kind_named("tasks").rows()}
    assert rows["digits"] == 81.5
    assert rows["cifar10"] is None
    assert json.dumps(rows)
