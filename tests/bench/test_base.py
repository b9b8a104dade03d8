"""What a bench found, and where it is kept."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from scorer.bench import Report
from scorer.errors import ScorerError
from scorer.machine import machine


def test_a_figure_is_median_and_range() -> None:
    report = Report("metric", "python -m scorer bench metric")
    report.add("speed", "1/s", np.array([5.0, 1.0, 2.0]), "speed_key")
    report.add("once", "s", 3.0)
    assert report.figures == [
        {"name": "speed", "unit": "1/s", "n": 3, "median": 2.0, "min": 1.0, "max": 5.0},
        {"name": "once", "unit": "s", "n": 1, "median": 3.0, "min": 3.0, "max": 3.0},
    ]
    assert report.values == {"speed_key": 2.0}


@pytest.mark.parametrize("measured", [[], [1.0, math.nan], [math.inf]])
def test_what_is_not_a_number_is_no_figure(measured: list[float]) -> None:
    report = Report("metric", "python -m scorer bench metric")
    with pytest.raises(ScorerError, match="'speed' of bench metric must be of finite numbers"):
        report.add("speed", "1/s", measured)
    assert report.figures == []


def test_figures_are_saved_by_bench_variant_and_device(tmp_path: Path) -> None:
    report = Report("oracles", "python -m scorer bench oracles", "cpu", "fashion_mnist")
    report.add("speed", "models/s", [1.0, 2.0, 4.0], "models_per_s_kit")
    report.notes.append("a note")
    path = report.save(tmp_path)
    assert path.name == "oracles-fashion_mnist-cpu.json"
    kept = json.loads(path.read_text())
    assert kept == report.as_dict()
    assert kept["models_per_s_kit"] == 2.0
    assert kept["environment"] == machine("cpu")
    assert (kept["bench"], kept["notes"]) == ("oracles", ["a note"])
