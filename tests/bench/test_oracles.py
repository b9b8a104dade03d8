"""Ratios, processor time and share of the matrix product, from turns whose speed is known."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.bench import Report, Settings, oracles
from scorer.bench._sides import Side
from scorer.bench._timing import Turns
from scorer.errors import ScorerError
from scorer.training.paths import TrainingPath
from tests.conftest import tiny_definition

ROUNDS = 5
N_STEPS = 10
GEMM_WORK = 8e9


def reported(flops_per_step: float = 1e6, **changes: list[float]) -> Report:
    """Return the report of rounds of a second each on two cores, unless changed by way.

    A turn is 64 model-steps of the kit and one of each process of a rival, so that one process
    with two threads is half as fast as two; it keeps one and a half cores busy.
    """
    turns = {}
    for side in oracles.sides_on(2):
        seconds = np.array(changes.get(side.way, [1.0] * ROUNDS))
        work = {"kit": 64.0, "gemm": GEMM_WORK}.get(side.way, float(side.n_processes))
        cores = 2.0 if side.n_threads == 1 else 1.5
        turns[side] = Turns(work, seconds, cores * seconds)
    report = Report("oracles", "python -m scorer bench oracles")
    oracles.add_figures(report, ROUNDS, turns, N_STEPS, flops_per_step)
    return report


def figures_of(report: Report) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the figures by name and unit."""
    return {(one["name"], one["unit"]): one for one in report.figures}


def test_every_rival_is_tried_in_both_arrangements() -> None:
    sides = oracles.sides_on(4)
    assert (sides[0], sides[-1]) == (Side("kit", 4, 1), Side("gemm", 4, 1))
    for way in oracles.RIVALS:
        assert [one for one in sides if one.way == way] == [Side(way, 1, 4), Side(way, 4, 1)]
    assert len(oracles.sides_on(1)) == 4


def test_ratios_are_to_the_best_arrangement() -> None:
    values = reported().values
    # 64 steps against 2 of two processes, in the same second; one process makes 1.
    assert values["ratio_vs_tensor_loop"] == 32.0
    assert values["models_per_s_kit"] == 64.0 / N_STEPS
    assert values["models_per_s_tensor_loop"] == 2.0 / N_STEPS
    assert values["arrangements"]["tensor_loop"] == "2 processes x 1 thread"
    # 2 cores for 64 steps, 2 cores for 2.
    assert values["cpu_ms_kit"] == pytest.approx(1e3 * 2 / 64)
    assert values["cpu_ms_tensor_loop"] == pytest.approx(1e3)
    assert values["cpu_ratio_vs_tensor_loop"] == pytest.approx(32.0)


def test_both_arrangements_are_shown_with_processor_time() -> None:
    figures = figures_of(reported())
    for arrangement, rate, cpu_ms in (
        ("1 process x 2 threads", 1.0, 1500.0),
        ("2 processes x 1 thread", 2.0, 1000.0),
    ):
        name = f"tensor loop: {arrangement}"
        assert figures[name, "models/s"]["median"] == rate / N_STEPS
        cpu = figures[f"{name}, processor time", "ms/model-step"]
        assert (cpu["median"], cpu["n"]) == (cpu_ms, ROUNDS)


def test_the_share_of_the_matrix_product_is_counted_operations_over_measured_ones() -> None:
    report = reported(flops_per_step=1e7, gemm=[2.0] * ROUNDS)
    # 64 steps of 1e7 operations a second; the product makes 8e9 in two.
    assert report.values["gemm_gflop_per_s"] == 4.0
    assert report.values["percent_of_gemm"] == pytest.approx(100 * 64e7 / 4e9)


def test_a_round_in_which_a_rival_collapses_is_no_part_of_any_figure() -> None:
    spoiled = [1.0, 1.0, 40.0, 1.0, 1.0, 1.0]
    whole = dict.fromkeys(("kit", "dataloader_loop", "gemm"), [1.0] * 6)
    report = reported(tensor_loop=spoiled, **whole)
    assert not report.unfit
    assert (report.values["rounds_made"], report.values["rounds_refused"]) == (6, 1)
    for figure in report.figures:
        assert figure["n"] == ROUNDS
        assert figure["min"] == figure["max"]
    assert report.values["ratio_vs_tensor_loop"] == 32.0


def test_a_machine_too_busy_gives_no_ratio_and_nothing_to_keep(tmp_path: Path) -> None:
    report = reported(tensor_loop=[1.0, 1.0, 40.0, 30.0, 1.0])
    assert "3 of 5 rounds" in report.unfit
    assert not [key for key in report.values if "ratio" in key or "models_per_s" in key]
    assert {figure["unit"] for figure in report.figures} == {"ms/model-step"}
    assert report.values["cpu_ms_kit"] == pytest.approx(1e3 * 2 / 64)
    assert report.as_dict()["notes"][-1] == report.unfit
    with pytest.raises(ScorerError, match=r"not kept: the machine was too busy"):
        report.save(tmp_path)
    assert not list(tmp_path.iterdir())


def test_ways_are_the_same_once_pickled_so_that_a_training_goes_on() -> None:
    path = TrainingPath("stacked", 2, "cpu", "float32")
    ways = oracles.Ways(tiny_definition(), Path("none"), path)
    again = pickle.loads(pickle.dumps(ways))
    assert (again, hash(again)) == (ways, hash(ways))
    with pytest.raises(KeyError, match="nobody"):
        ways(0, "nobody")


def test_real_processes_train_on_every_side(settings: Settings) -> None:
    report = oracles.measure(replace(settings, rounds=1), turn_s=0.01, cores=1)
    assert report.variant == "tiny"
    assert (report.values["task"], report.values["n_workers"]) == ("tiny", 1)
    assert report.values["steps_per_model"] == 2 * (report.values["n_examples"] // 64)
    assert set(report.values["arrangements"].values()) == {"1 process x 1 thread"}
    # Steps were made and counted on each side, whether or not the machine was too busy.
    shown = {one["name"] for one in report.figures if one["unit"] == "ms/model-step"}
    assert len(shown) == 3
    assert all(0 < one["min"] < 1e4 for one in report.figures if one["unit"] == "ms/model-step")
