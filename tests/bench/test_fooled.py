"""The table of what fools which number shows the fakes."""

from __future__ import annotations

from typing import Any

import pytest

from scorer.bench._simulations import SIMULATIONS
from scorer.simulated.fakes import FAKES
from tests.simulated.test_fakes import RIGHT_ON_EACH_EXAMPLE


def found(name: str, case: int, rounds: int = 1) -> dict[str, Any]:
    """Return one row of a table by its heads."""
    table = SIMULATIONS[name]
    return dict(zip(table.columns, table.simulate(case, rounds), strict=True))


def test_copies_are_seen_by_the_joint_numbers_and_missed_by_f() -> None:
    row = found("fooled", [fake.name for fake in FAKES].index("32 models twice"))
    assert row["exact"] > 0.7 and row["competition"] > 0.7
    assert row["distinct"] == pytest.approx(32, abs=0.5)
    assert (row["AUC"], row["p joint <= .05"]) == (1.0, 1.0)


@pytest.mark.slow
def test_what_is_right_on_each_example_is_told_by_the_joint_numbers() -> None:
    for case, fake in enumerate(FAKES):
        if fake.name in RIGHT_ON_EACH_EXAMPLE:
            row = found("fooled", case, rounds=3)
            is_fake = fake.name != RIGHT_ON_EACH_EXAMPLE[0]
            assert row["p joint <= .05"] == 1.0 if is_fake else row["p joint <= .05"] < 0.5
            assert row["competition"] > 0.75


@pytest.mark.slow
def test_the_set_level_test_keeps_its_size_and_has_power() -> None:
    cases = SIMULATIONS["set_level"].cases
    for number, case in enumerate(cases):
        row = found("set_level", number, rounds=3)
        if case.fake.name == RIGHT_ON_EACH_EXAMPLE[0]:
            # Three standard errors of a share of 120 repeats.
            assert row["p <= .05"] <= 0.05 + 3 * (0.05 * 0.95 / 120) ** 0.5
            assert row["error / true"] == pytest.approx(1.0, abs=0.3)
        elif not case.fake.name.startswith("bias"):
            assert row["p <= .05"] > 0.8
