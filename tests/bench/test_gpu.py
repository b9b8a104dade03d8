"""Bench gpu on a CPU: its arithmetic, and what it says of ways that fail."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from scorer.bench import Report, Settings, gpu
from scorer.bench._loops import training_data
from scorer.bench.floors import step_cost
from scorer.tasks import TASKS

SPEEDS = (2e15, 1e9)


def measured(settings: Settings, **changes: Any) -> Report:
    """Return the report on the tiny task, of short turns."""
    options: dict[str, Any] = {"group_sizes": (), "n_examples": 70, "turn_s": 0.0}
    # Traced and not translated to C++, which takes half a minute.
    options["compile_options"] = {"backend": "eager"}
    tiny, cpu = TASKS["tiny"], torch.device("cpu")
    return gpu.measure_task(settings, tiny, cpu, SPEEDS, **(options | changes))


def test_peaks_are_work_over_time() -> None:
    now = iter(range(10**6))
    flops_per_s, bytes_per_s = gpu.measure_peaks(
        torch.device("cpu"), 3, size=8, clock=lambda: next(now)
    )
    # Each turn reads the clock twice, so it lasts one second.
    assert flops_per_s.tolist() == [2.0 * 8**3] * 3
    assert bytes_per_s.tolist() == [2.0 * 8 * 8**2 * 2] * 3


def test_ways_are_compared_with_the_graph_and_their_floor(settings: Settings) -> None:
    report = measured(settings, group_sizes=(10**6, 2))
    data, _ = training_data(TASKS["tiny"], settings.data_dir, 70)
    traffic_s = step_cost(data, TASKS["tiny"].recipe).n_bytes / SPEEDS[1]
    assert report.values["tiny_floor_ms"] == pytest.approx(1e3 * traffic_s)
    assert report.figures[0]["name"] == "tiny, floor of a model-step: traffic"
    for name in ("graph", "loop", "compile", "stacked k=2"):
        rate = report.values[f"tiny_{name}_model_steps_per_s"]
        share = report.values[f"tiny_{name}_percent_of_floor"]
        assert share == pytest.approx(100 * rate * traffic_s)
    (skipped,) = [note for note in report.notes if "skipped" in note]
    assert "stacked k=1000000: skipped, needs about" in skipped


def test_a_way_that_fails_is_said_and_the_others_go_on(settings: Settings) -> None:
    report = measured(settings, compile_options={"backend": "nobody"})
    ways = [key for key in report.values if key.endswith("model_steps_per_s")]
    assert ways == ["tiny_graph_model_steps_per_s", "tiny_loop_model_steps_per_s"]
    (skipped,) = [note for note in report.notes if "skipped" in note]
    assert skipped.startswith("tiny, compile: skipped")
    assert "nobody" in skipped
