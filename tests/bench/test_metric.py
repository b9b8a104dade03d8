"""Bench metric: every registered rule, in figures that fit together."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.bench import Settings, metric
from scorer.bench.metric import MIB, grid_epsilon, scoring, simulated_banks, traced_peak_mib
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import RULES, make_rule
from tests.reference import competition_epsilon


def test_every_rule_is_measured(settings: Settings) -> None:
    report = metric.measure(settings, n_models=16, n_examples=3)
    assert {key.removesuffix("_peak_mib") for key in report.values if "peak" in key} == set(RULES)
    figures = {figure["name"]: figure for figure in report.figures}
    for name in RULES:
        rule_s, grids_s = figures[f"rule {name}, 3 examples"], figures["full grids, one example"]
        ratio = figures[f"rule {name} over the full grids"]
        assert ratio["n"] == settings.rounds
        # A ratio of a round lies between those of the extremes.
        assert 3 * grids_s["min"] / rule_s["max"] <= ratio["min"] * (1 + 1e-9)
        assert ratio["max"] <= 3 * grids_s["max"] / rule_s["min"] * (1 + 1e-9)


def test_peak_memory_is_what_a_unit_holds_at_once() -> None:
    def hold(n_units: int) -> None:
        np.ones(n_units * MIB)
        np.ones(n_units * 2 * MIB // 8)

    assert traced_peak_mib(hold) == pytest.approx(8.0, abs=0.1)


def test_a_unit_is_the_whole_quality_of_the_banks(monkeypatch: pytest.MonkeyPatch) -> None:
    unlearned, oracle = simulated_banks(16, 3)
    assert unlearned.shape == oracle.shape == (16, 3)
    rule, values = make_rule("exact"), []

    def remember(*arguments: object) -> None:
        values.append(forgetting_quality(*arguments).value)  # type: ignore[arg-type]

    monkeypatch.setattr("scorer.bench.metric.forgetting_quality", remember)
    candidate = scoring(rule, 16, 3)
    candidate.run(2)
    assert values == [forgetting_quality(unlearned, oracle, rule).value] * 2
    assert candidate.work_per_unit == 3


@pytest.mark.parametrize(
    ("shift", "spread"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.3), (3.0, 1.0), (20.0, 1.0), (0.0, 1e-4)]
)
def test_the_full_grids_give_what_the_rule_gives(shift: float, spread: float) -> None:
    rng = np.random.default_rng(int(10 * shift) + 1)
    unlearned = rng.normal(shift, spread, (24, 2))
    oracle = rng.normal(0.0, 1.0, (24, 2))
    slow = [grid_epsilon(unlearned[:, i], oracle[:, i]) for i in range(2)]
    quality = forgetting_quality(unlearned, oracle, make_rule("competition"))
    assert quality.epsilons == pytest.approx(slow)
    assert competition_epsilon(unlearned[:, 0], oracle[:, 0]) == pytest.approx(slow[0])
