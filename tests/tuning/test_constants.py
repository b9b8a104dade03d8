"""Constants are found and replaced in the text, and drawn around what they are."""

from __future__ import annotations

import math

from scorer.tuning.constants import constants_of, draw_values, with_values
from tests.tuning._shift import SOURCE


def test_constants_are_floats_in_capitals() -> None:
    found = constants_of(SOURCE)
    assert {name: c.value for name, c in found.items()} == {"LEARNING_RATE": 0.5, "SHARE": 1e-3}
    assert [c.is_rate for c in found.values()] == [True, False]


def test_only_the_value_is_replaced() -> None:
    changed = with_values(SOURCE, constants_of(SOURCE), {"LEARNING_RATE": 0.25, "SHARE": 2.0})
    assert "LEARNING_RATE = 0.25  # a unit\nSHARE = 2.0\nEPOCHS = 3\n" in changed
    assert changed.count("\n") == SOURCE.count("\n")


def test_the_first_trial_is_the_file_and_the_rest_stay_near_it() -> None:
    trials = draw_values(constants_of(SOURCE), ["LEARNING_RATE"], "m", 9)
    assert trials[0] == {"LEARNING_RATE": 0.5}
    assert trials == draw_values(constants_of(SOURCE), ["LEARNING_RATE"], "m", 9)
    values = [trial["LEARNING_RATE"] for trial in trials]
    assert len(set(values)) == len(values) == 9
    # One in each eighth of the range from a third to three times the value.
    parts = sorted(int(8 * (math.log(value / 0.5, 3) + 1) / 2) for value in values[1:])
    assert parts == list(range(8))
