"""Bench scaling: which sizes and engines are compared, and what is said of one that is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scorer.bench import Settings, scaling
from scorer.engines import Engine
from scorer.errors import ScorerError
from tests._engine import InlineEngine


def absent(n_workers: int | None) -> Engine:
    """Be an engine that is not installed."""
    raise ScorerError("it is not installed")


def test_sizes_and_engines(settings: Settings) -> None:
    workers: list[int | None] = []

    def inline(n_workers: int | None) -> Engine:
        workers.append(n_workers)
        return InlineEngine(n_workers)

    report = scaling.measure(
        replace(settings, rounds=1),
        n_models=(8, 16),
        n_examples=(2, 4),
        fixed_examples=3,
        task="tiny",
        n_pool_models=2,
        engines={"absent": absent, "local": inline},
    )
    keys = [key for key in report.values if key.startswith("metric_")]
    assert keys == ["metric_8_3_s", "metric_16_3_s", "metric_8_2_s", "metric_8_4_s"]
    names = {figure["name"]: figure["median"] for figure in report.figures}
    assert names["metric, 2 times the models"] == (
        report.values["metric_16_3_s"] / report.values["metric_8_3_s"]
    )
    assert names["metric, 2 times the examples"] == (
        report.values["metric_8_4_s"] / report.values["metric_8_2_s"]
    )
    assert workers == [1, 2]
    assert report.values["pool_local_2_ratio"] == pytest.approx(
        report.values["pool_local_1_s"] / report.values["pool_local_2_s"]
    )
    assert 0 <= report.values["pool_accuracy_percent"] <= 100
    assert "pool, engine absent left out: it is not installed" in report.notes
    assert not [key for key in report.values if "absent" in key]
