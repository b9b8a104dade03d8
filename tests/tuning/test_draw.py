"""Trials spread over ranges that follow from what a constant is, within the budget."""

from __future__ import annotations

import math

from scorer.tuning.constants import Value
from scorer.tuning.draw import BATCH_SIZES, LARGEST_FACTOR, draw_trials

START: dict[str, Value] = {
    "LEARNING_RATE": 0.5,
    "EPOCHS": 2.0,
    "LAST_EPOCHS": 1.0,
    "BATCH_SIZE": 64,
    "SCALED": True,
    "KEPT_SHARE": 0.9,
    "WEIGHT": 0.05,
    "ROUNDS": 2,
}
LONGEST = {16: 0.4, 32: 0.7, 64: 1.0, 128: 1.5, 256: 2.0}
TRIALS = draw_trials(START, "m", 26, LONGEST)


def test_the_first_trial_is_the_file_and_the_draw_is_repeatable() -> None:
    assert TRIALS[0] == START
    assert draw_trials(START, "m", 26, LONGEST) == TRIALS
    assert draw_trials(START, "other", 26, LONGEST) != TRIALS
    assert len({tuple(trial.values()) for trial in TRIALS}) == 26


def test_a_constant_takes_one_value_in_each_part_of_its_range() -> None:
    places = [math.log(trial["WEIGHT"] / 0.05, LARGEST_FACTOR) for trial in TRIALS[1:]]
    assert sorted(int(25 * (place + 1) / 2) for place in places) == list(range(25))


def test_batch_sizes_and_truth_values_are_chosen_equally_often() -> None:
    sizes = [trial["BATCH_SIZE"] for trial in TRIALS[1:]]
    assert [sizes.count(size) for size in BATCH_SIZES] == [5] * 5
    assert {trial["SCALED"] for trial in TRIALS} == {True, False}


def test_lengths_move_together_up_to_what_the_budget_allows() -> None:
    for trial in TRIALS[1:]:
        longest = LONGEST[int(trial["BATCH_SIZE"])]
        factor = trial["EPOCHS"] / 2.0
        assert min(1.0, longest) / 2 * 0.99 <= factor <= longest * 1.01
        assert math.isclose(trial["LAST_EPOCHS"], factor, rel_tol=0.01)


def test_rates_follow_the_root_of_the_batch_size_and_shares_stay_shares() -> None:
    for trial in TRIALS[1:]:
        middle = 0.5 * (trial["BATCH_SIZE"] / 64) ** 0.5
        assert middle / LARGEST_FACTOR * 0.99 <= trial["LEARNING_RATE"]
        assert trial["LEARNING_RATE"] <= middle * LARGEST_FACTOR * 1.01
        assert 0.9 / (0.9 + 0.1 * LARGEST_FACTOR) * 0.99 <= trial["KEPT_SHARE"] < 1
        assert isinstance(trial["ROUNDS"], int) and trial["ROUNDS"] >= 1


def test_without_batch_size_and_length_there_is_one_range() -> None:
    trials = draw_trials({"DAMPING": 1.0}, "m", 5, {None: 3.0})
    assert len({trial["DAMPING"] for trial in trials}) == 5
