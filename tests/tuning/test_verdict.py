"""What a log says: whether something is gained, written down and shown, or nothing works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scorer.errors import UsageError
from scorer.runner.load import Submission
from scorer.tuning.apply import apply_best, check_can_apply
from scorer.tuning.constants import constants_of
from scorer.tuning.log import TuningLog
from scorer.tuning.page import tuning_page
from scorer.tuning.verdict import verdict
from tests.tuning._shift import SOURCE, submission_in


def row(trial: int, relative: float | None, **others: Any) -> dict[str, Any]:
    """Return one trial in the only rung of a log."""
    return {
        "rung": 0,
        "trial": trial,
        "n_models": 4,
        "split_seeds": [1],
        "relative_score": relative,
        "relative_score_se": 0.001,
        "original_relative_score": 0.0,
        "retain_ratio": 1.0,
        "test_ratio": 1.0,
        "time_ratio": 0.1,
        "compute_ratio": None,
        "within_budget": relative is not None,
        "faults": [] if relative is not None else ["raised"],
        **others,
    }


def log_of(*rows: dict[str, Any], family: str = "digits") -> TuningLog:
    """Return a finished log of one rung; trial 1 has another learning rate than trial 0."""
    rungs = [{"n_trials": len(rows), "n_models": 4, "split_seeds": [1]}]
    plan = {"n_probes": 2, "rungs": rungs}
    values = [{"LEARNING_RATE": 0.5}, {"LEARNING_RATE": 0.1}]
    return TuningLog("shift", "digits", family, "0", plan, values, list(rows))


@pytest.mark.parametrize(
    ("file", "other", "se", "gains"),
    [
        (0.30, 0.33, 0.10, True),  # by the least gain
        (0.30, 0.31, 0.01, False),  # within noise
        (0.30, 0.31, 0.001, True),  # beyond noise
        (0.30, 0.20, 0.001, False),
        (None, 0.20, 0.001, True),
    ],
)
def test_a_gain_is_two_standard_errors_or_large(
    file: float | None, other: float, se: float, gains: bool
) -> None:
    rows = row(0, file, relative_score_se=se), row(1, other, relative_score_se=se)
    found = verdict(log_of(*rows))
    assert found.gains is gains
    assert found.best["trial"] == (0 if other == 0.20 and file else 1)


def test_a_best_trial_that_changes_nothing_says_so_with_its_evidence() -> None:
    ruined = row(0, 0.001, retain_ratio=0.4)
    found = verdict(log_of(ruined, row(1, 0.013, original_relative_score=0.01)))
    assert found.warning == (
        "no trial beats doing nothing: relative 0.013, the original's 0.010;"
        " 1 of 2 trials ruin the network"
    )


def test_a_best_trial_that_ruins_the_network_says_so() -> None:
    found = verdict(log_of(row(0, 0.1), row(1, 0.2, retain_ratio=0.6)))
    assert found.warning == "retain accuracy falls to 0.60 of the oracles'"
    assert verdict(log_of(row(0, 0.1), row(1, 0.2))).warning == ""


def test_without_a_trial_that_counts_nothing_is_gained() -> None:
    over = {"within_budget": False}
    found = verdict(log_of(row(0, 0.1, **over), row(1, 0.2, **over)))
    assert (found.gains, found.warning) == (False, "no trial is within the budget")
    found = verdict(log_of(row(0, None), row(1, None)))
    assert (found.gains, found.warning) == (False, "every trial fails: raised")


def test_the_best_values_are_written_into_the_file_for_their_family(tmp_path: Path) -> None:
    submission = submission_in(tmp_path)
    log = log_of(row(0, 0.1), row(1, 0.3), family="fashion_mnist")
    assert apply_best(submission, log)
    found = constants_of(submission.path.read_text())["LEARNING_RATE"]
    assert (found.at("digits"), found.at("fashion_mnist")) == (0.5, 0.1)
    assert not apply_best(submission, log), "it is there already"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "cp1252"])
def test_a_file_keeps_its_encoding_and_the_ends_of_its_lines(encoding: str, tmp_path: Path) -> None:
    declared = f"# coding: {encoding}\r\n" if encoding != "utf-8-sig" else ""
    source = f"{declared}# f\u00fcr \u00b5\r\nLEARNING_RATE = 0.5\r\n"
    path = tmp_path / "shift.py"
    path.write_bytes(source.encode(encoding))
    assert apply_best(Submission.read(path), log_of(row(0, 0.1), row(1, 0.3)))
    written = path.read_bytes().decode(encoding)
    assert written == source.replace("0.5", "0.1")


@pytest.mark.parametrize("name", ["shift.ipynb", "shift"])
def test_values_are_not_written_into_what_is_no_single_text(name: str, tmp_path: Path) -> None:
    submission = replace(submission_in(tmp_path), path=tmp_path / name)
    with pytest.raises(UsageError, match=rf"--apply writes into a \.py file, got .*{name}"):
        check_can_apply(submission)


def test_a_file_that_is_run_otherwise_than_it_lies_there_is_refused_before_it_is_tuned(
    tmp_path: Path,
) -> None:
    path = tmp_path / "shift.py"
    path.write_bytes(SOURCE.encode("utf-16"))
    with pytest.raises(UsageError, match="must be a file of Python to be tuned"):
        check_can_apply(Submission.read(path))


def test_a_file_that_nothing_is_gained_for_is_left(tmp_path: Path) -> None:
    submission = submission_in(tmp_path)
    assert not apply_best(submission, log_of(row(0, 0.3), row(1, 0.3001)))
    assert submission.path.read_text() == SOURCE


def test_the_page_shows_both_scores_both_meters_and_what_is_wrong() -> None:
    log = log_of(row(0, 0.3), row(1, 0.4, compute_ratio=0.15))
    lines = tuning_page("digits", {"shift": log, "idle": log_of(row(0, 0.0))}).splitlines()
    assert "2 trials with N=4 on split seed 1." in lines[2]
    cells = [cell.strip() for cell in lines[6].split("|")[1:-1]]
    assert cells == [
        "shift", "0.300 ± 0.001", "0.400 ± 0.001", "0.10", "0.15", "LEARNING_RATE 0.1", ""
    ]  # fmt: skip
    assert "beats doing nothing: relative 0.000" in lines[7]


def test_the_page_names_what_is_not_tuned_yet() -> None:
    logs = {"shift": log_of(row(0, 0.3))}
    assert "Not tuned on it yet: a, b." in tuning_page("digits", logs, ["a", "b", "shift"])
    assert "Not tuned" not in tuning_page("digits", logs, ["shift"])
