"""Trials run on private splits only, the worse are dropped, and what is done is not done again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from scorer.errors import UsageError
from scorer.metric.utility import relative_score
from scorer.options import Options
from scorer.runner.load import Submission, find_submission
from scorer.tasks import TASKS
from scorer.tuning import trials
from scorer.tuning.log import TuningLog, log_path
from scorer.tuning.plan import PLANS, Plan, Rung
from scorer.tuning.trials import (
    Trials,
    family_of_task,
    summary,
    survivors,
    tune,
    tuned_names,
)
from tests.results._records import make_record
from tests.tuning._shift import SOURCE, TUNED, StubScores, submission_in

PLAN = Plan("reuse-4", 2, (Rung(12, 4, (1,)), Rung(4, 8, (1, 2)), Rung(2, 16, (1, 2))))


def quiet(*event: object) -> None:
    """Take progress and say nothing."""


def tuned(
    monkeypatch: pytest.MonkeyPatch, options: Options, stub: Any, submission: Submission
) -> TuningLog:
    """Return the log of tuning with scores by a stub."""
    monkeypatch.setattr(trials, "score", stub)
    (log,) = tune([submission], [], options, quiet, PLAN)
    return log


def near(target: float) -> StubScores:
    """Return scores that are the better the nearer the learning rate is to a target."""
    return StubScores(lambda values: 1 / (1 + abs(values["LEARNING_RATE"] - target)))


@pytest.mark.parametrize("plan", PLANS.values())
def test_plans_leave_the_public_split_alone_and_halve(plan: Plan) -> None:
    assert all(0 not in rung.split_seeds for rung in plan.rungs)
    numbers = [(-rung.n_trials, rung.n_models * len(rung.split_seeds)) for rung in plan.rungs]
    assert numbers == sorted(numbers)


def test_the_family_of_a_task_is_that_of_its_images(options: Options) -> None:
    assert family_of_task(options) == "digits"


def test_halving_keeps_the_best_and_the_file_as_it_is(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    stub = near(2.0)
    log = tuned(monkeypatch, options, stub, submission_in(tmp_path))
    assert stub.calls == [(1, 2, 2), (1, 4, 12), (1, 8, 4), (2, 8, 4), (1, 16, 2), (2, 16, 2)]
    assert [len(log.rung(number)) for number in range(3)] == [12, 4, 2]
    by_distance = sorted(range(12), key=lambda t: abs(log.trials[t]["LEARNING_RATE"] - 2.0))
    assert log.ranking[0]["trial"] == by_distance[0] != 0
    assert {row["trial"] for row in log.rung(1)} == {0, *by_distance[:3]}
    assert {row["trial"] for row in log.ranking} == {0, by_distance[0]}
    assert log.ranking[0]["split_seeds"] == [1, 2] and log.ranking[0]["n_models"] == 16


def test_what_is_over_the_budget_is_dropped_however_good_it_is(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    # Each of the two meters forbids one batch size, of the trials that score best.
    stub = StubScores(
        lambda values: 1.0 if values["BATCH_SIZE"] in (16, 256) else 0.1,
        time_ratio=lambda values: 0.3 if values["BATCH_SIZE"] == 16 else 0.1,
        compute_ratio=lambda values: 0.3 if values["BATCH_SIZE"] == 256 else 0.1,
    )
    log = tuned(monkeypatch, options, stub, submission_in(tmp_path))
    over = {row["trial"] for row in log.rung(0) if not row["within_budget"]}
    assert over == {t for t in range(12) if log.trials[t]["BATCH_SIZE"] in (16, 256)}
    assert over
    assert not over & {row["trial"] for row in log.rung(1)}
    assert [row["trial"] in over for row in log.rung(0)] == [False] * (12 - len(over)) + [
        True
    ] * len(over)


def test_a_meter_that_is_not_there_yet_is_left_out(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    stub = near(2.0)
    stub.fields["compute_ratio"] = None
    log = tuned(monkeypatch, options, stub, submission_in(tmp_path))
    assert {row["compute_ratio"] for row in log.rows} == {None}
    assert all(row["within_budget"] for row in log.rows)


def test_lengths_are_drawn_up_to_the_budget_at_each_batch_size(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    def cost(values: dict[str, Any]) -> float:
        return float(0.05 * values["EPOCHS"] * (1 + 32 / values["BATCH_SIZE"]))

    stub = StubScores(lambda values: 0.1, time_ratio=cost)
    log = tuned(monkeypatch, options, stub, submission_in(tmp_path))
    costs = [cost(dict(values)) for values in log.trials[1:]]
    assert max(costs) <= 0.19 * 1.01
    assert min(costs) >= 0.07
    assert max(costs) > 0.17


def test_the_file_over_the_budget_stays_to_compare_with(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    stub = StubScores(lambda values: 0.1, time_ratio=lambda values: 0.1 * values["EPOCHS"] + 0.01)
    log = tuned(monkeypatch, options, stub, submission_in(tmp_path))
    assert log.ranking[-1]["trial"] == 0 and not log.ranking[-1]["within_budget"]
    assert log.ranking[0]["within_budget"]


def test_the_budget_is_held_against_the_mean_over_splits(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    class Uneven(StubScores):
        def record(self, method: Submission, options: Options) -> Any:
            record = super().record(method, options)
            record.measured["time_ratio"] = {1: 0.19, 2: 0.205}[options.split_seed]
            return record

    log = tuned(monkeypatch, options, Uneven(lambda values: 0.3), submission_in(tmp_path))
    assert {row["time_ratio"] for row in log.ranking} == {0.1975}
    assert all(row["within_budget"] for row in log.ranking)


def test_survivors_are_at_most_as_many_as_asked_for_and_fewer_where_fewer_are_good() -> None:
    ranking = [{"trial": t, "within_budget": t in (0, 3, 5)} for t in (5, 3, 0, 1, 2)]
    assert survivors(ranking, 2) == [0, 5]
    assert survivors(ranking, 5) == [0, 5, 3]


class Stopped(Exception):
    """The machine went off."""


def test_an_interrupted_tuning_goes_on_where_it_was(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    class Stopping(StubScores):
        def __call__(self, *arguments: Any) -> Any:
            if len(self.calls) == 3:
                raise Stopped
            return super().__call__(*arguments)

    submission = submission_in(tmp_path)
    stopping = Stopping(near(2.0).fields["relative_score"])
    with pytest.raises(Stopped):
        tuned(monkeypatch, options, stopping, submission)
    written = json.loads(log_path(options, "shift").read_text())
    assert {row["rung"] for row in written["rows"]} == {0}
    stub = near(2.0)
    log = tuned(monkeypatch, options, stub, submission)
    assert stub.calls == [(1, 8, 4), (2, 8, 4), (1, 16, 2), (2, 16, 2)]
    assert log == tuned(monkeypatch, options, near(2.0), submission)
    fresh = dataclasses.replace(options, results_dir=tmp_path / "elsewhere")
    assert log.rows == tuned(monkeypatch, fresh, near(2.0), submission).rows


def test_what_is_finished_is_not_run_again_unless_the_file_is_another(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    first = tuned(monkeypatch, options, near(2.0), submission_in(tmp_path))
    stub = near(2.0)
    other_values = SOURCE.replace("0.25", "0.125").replace("EPOCHS = 2.0", "EPOCHS = 3.0")
    assert tuned(monkeypatch, options, stub, submission_in(tmp_path, other_values)) == first
    assert not stub.calls
    tuned(monkeypatch, options, stub, submission_in(tmp_path, SOURCE + "MORE = 1\n"))
    assert len(stub.calls) == 6


def test_methods_go_through_each_round_together_and_score_what_they_do_alone(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    one = submission_in(tmp_path)
    folder = tmp_path / "other"
    folder.mkdir()
    path = folder / "late.py"
    path.write_text(SOURCE + "MORE = 1\n")
    other = find_submission(str(path))
    stub = near(2.0)
    monkeypatch.setattr(trials, "score", stub)
    logs = tune([one, other], [], options, quiet, PLAN)
    assert stub.calls == [(1, 2, 4), (1, 4, 24), (1, 8, 8), (2, 8, 8), (1, 16, 4), (2, 16, 4)]
    assert [log.method for log in logs] == ["shift", "late"]
    apart = dataclasses.replace(options, results_dir=tmp_path / "apart")
    assert logs == [tune([each], [], apart, quiet, PLAN)[0] for each in (one, other)]
    # What one has finished is not run again beside another that has not.
    log_path(options, "late").unlink()
    stub.calls.clear()
    assert tune([one, other], [], options, quiet, PLAN) == logs
    assert stub.calls == [(1, 2, 2), (1, 4, 12), (1, 8, 4), (2, 8, 4), (1, 16, 2), (2, 16, 2)]


def test_a_trial_that_fails_comes_last_with_its_fault(
    monkeypatch: pytest.MonkeyPatch, options: Options, tmp_path: Path
) -> None:
    class Failing(StubScores):
        def record(self, method: Submission, options: Options) -> Any:
            record = super().record(method, options)
            if b'"digits": 0.5,' not in method.source:
                record.faults = [{"fault": "raised"}]
                record.relative_score = record.accuracy = None
                record.measured["time_ratio"] = None
            return record

    log = tuned(monkeypatch, options, Failing(lambda values: 0.3), submission_in(tmp_path))
    assert log.rung(0)[0]["trial"] == 0
    assert log.rung(0)[-1]["relative_score"] is None
    assert log.rung(0)[-1]["faults"] == ["raised"]
    assert [row["trial"] for row in log.ranking] == [0]


def test_tuned_are_the_constants_read_for_a_family_or_rates_or_all_with_a_decimal_point(
    tmp_path: Path,
) -> None:
    assert tuned_names(submission_in(tmp_path)) == TUNED
    assert tuned_names(submission_in(tmp_path), ["COUNT"]) == ["COUNT"]
    plain = "LEARNING_RATE = 0.5\nMOMENTUM = 0.9\nCOUNT = 3\n"
    assert tuned_names(submission_in(tmp_path, plain)) == ["LEARNING_RATE"]
    without_rate = plain.replace("LEARNING_RATE", "STEP")
    assert tuned_names(submission_in(tmp_path, without_rate)) == ["STEP", "MOMENTUM"]


@pytest.mark.parametrize(
    ("source", "names", "message"),
    [
        ("pass\n", [], "must have a number with a decimal point in capitals"),
        (SOURCE, ["LEARNING"], r"unknown constant 'LEARNING'\. Did you mean LEARNING_R"),
        ("KEPT_SHARE = 1.0\n", [], r"KEPT_SHARE in .* must be between 0 and 1 .*got 1\.0"),
    ],
)
def test_what_cannot_be_tuned_is_said(
    source: str, names: list[str], message: str, options: Options, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        tune([submission_in(tmp_path, source)], names, options, quiet)


@pytest.mark.parametrize("forget", ["subject:1,2", "file"])
def test_what_is_the_same_on_every_split_is_not_tuned_on(
    forget: str, options: Options, tmp_path: Path
) -> None:
    (tmp_path / "list").write_text("1 2 3")
    forget = forget.replace("file", f"file:{tmp_path / 'list'}")
    options = dataclasses.replace(options, forget=forget)
    with pytest.raises(UsageError, match="same examples on every split, so that none is private"):
        tune([submission_in(tmp_path, SOURCE)], [], options, quiet)


def test_trials_on_another_forget_set_are_others(options: Options, tmp_path: Path) -> None:
    family = family_of_task(options)

    def fingerprint(**changes: str) -> str:
        forget = dataclasses.replace(options, **changes).forget
        told = family, TASKS[options.task], forget
        return Trials(submission_in(tmp_path, SOURCE), ["LEARNING_RATE"], *told).fingerprint

    assert fingerprint(forget="default") == fingerprint()
    assert len({fingerprint(), fingerprint(forget="class:3"), fingerprint(forget="class:2")}) == 3


def test_real_runs_on_a_private_split_leave_no_record(options: Options, tmp_path: Path) -> None:
    source = SOURCE.replace("BATCH_SIZE, SCALED, KEPT_SHARE", "SCALED")
    submission = submission_in(tmp_path, source)
    (log,) = tune([submission], [], options, quiet, Plan("reuse-2", 2, (Rung(2, 4, (1,)),)))
    assert [set(row["split_seeds"]) for row in log.rows] == [{1}, {1}]
    assert all(row["relative_score"] is not None and not row["faults"] for row in log.rows)
    assert all(row["time_ratio"] > 0 and 0 < row["retain_ratio"] <= 2 for row in log.rows)
    assert submission.path.read_text() == source
    assert not (tmp_path / "results" / "tiny").exists()


def test_a_relative_score_is_one_thing_in_trials_and_in_scores() -> None:
    values = {"final_score": 0.05, "ceiling_final_score": 0.2, "floor_final_score": 0.1}
    # F over its ceiling would be another number.
    more = {"forgetting_quality": 0.06, "ceiling": 0.1}
    record = make_record(**values, **more, relative_score=relative_score(0.05, 0.2))
    row = summary([record, record])
    assert row["relative_score"] == record.relative_score == 0.25
    assert row["original_relative_score"] == 0.5
