"""Scenarios from a file to a record: what a run is given, starts from, and is scored on."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scorer.errors import UsageError
from scorer.options import Options
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.place import RUNS
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.pipeline import Scored, score
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import Record, read_record
from scorer.results.tables import plain_text, record_tables
from scorer.runner.load import Submission, find_submission
from scorer.runner.requests import Given, retain_set, spec_of
from scorer.runner.stream import run_requests
from scorer.scenarios import make_scenario
from scorer.secret import PUBLIC
from scorer.store import MANIFEST, WEIGHTS
from tests._engine import InlineEngine

DOUBLE = """
import torch
def unlearning(net, retain, forget, val):
    assert len(retain.dataset) + len(forget.dataset) <= 250
    with torch.no_grad():
        net.fc.weight *= 2
        net.fc.bias[0] = len(retain.dataset)
        net.fc.bias[1] = len(forget.dataset)
        net.fc.bias[2] = torch.rand(())
"""
"""Leaves in its weights what it was given."""

SECOND_FAILS = """
def unlearning(net, retain, forget, val):
    assert net.fc.bias[0] < 50, 'called again'
    net.fc.bias.data[0] = 100
"""

STREAM = "streaming:2"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def options(cache: Path, tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Options:
    return Options(
        task="tiny",
        n_models=4,
        workers=1,
        engine="inline",
        device="cpu",
        scenario=STREAM,
        sandbox="process",
        secret=PUBLIC,
        cache_dir=cache,
        results_dir=tmp_path / "results",
    )


def ignore(what: str, done: int, total: int) -> None:
    """Show nothing."""


def file(folder: Path, source: str, name: str = "double") -> str:
    path = folder / f"{name}.py"
    path.write_text(source)
    return str(path)


def score_one(method: str, options: Options, **changes: Any) -> Scored:
    (scored,) = score([method], dataclasses.replace(options, **changes), ignore)
    return scored


@pytest.fixture
def streamed(options: Options, tmp_path: Path) -> Scored:
    return score_one(file(tmp_path, DOUBLE), options)


class Stream:
    """A stream of a submission on the tiny pool, and what its runs left."""

    def __init__(self, pool: Pool, place: Path, typed: str = STREAM) -> None:
        self.pool, self.place, self.typed = pool, place, typed
        self.requests = make_scenario(typed).requests(pool.task)
        self.pools = [pool.for_part(each.task) for each in self.requests]

    def run(self, *mine: Submission, n_models: int = 2, **more: Any) -> Any:
        how: dict[str, Any] = {"sandbox": "process", "scenario": self.typed, "runs_secret": PUBLIC}
        options = Options(n_models=n_models, **how)
        where = (self.pools, self.requests, options, InlineEngine(1), self.calls)
        self.called: list[tuple[str, int, int]] = []
        return run_requests(mine, *where, self.place, **more)

    def calls(self, *event: Any) -> None:
        self.called.append(event)

    def weights(self) -> list[Path]:
        return sorted(self.place.rglob(WEIGHTS))


def submission(folder: Path, source: str, name: str = "mine") -> Submission:
    return find_submission(file(folder, source, name))


def test_each_request_starts_from_what_the_last_one_left(tiny_pool: Pool, tmp_path: Path) -> None:
    stream = Stream(tiny_pool, tmp_path / "runs", "streaming:3")
    ((first, second, third),) = stream.run(submission(tmp_path, DOUBLE))
    net, task = network(tiny_pool.task, torch.device("cpu")), tiny_pool.task
    for number, results in enumerate((first, second, third), start=1):
        request = stream.requests[number - 1]
        net.load_state_dict(tiny_pool.original_weights(0))
        data = EvaluationData.of(request.task, torch.device("cpu"))
        for run in range(2):
            with torch.no_grad():
                net.fc.weight[:] = tiny_pool.original_weights(0)["fc.weight"] * 2**number
                net.fc.bias[:] = tiny_pool.original_weights(0)["fc.bias"]
                net.fc.bias[0] = len(task.split.retain) + 20 - len(request.task.split.forget)
                net.fc.bias[1] = len(request.asked)
                torch.manual_seed(results.seeds[run])
                net.fc.bias[2] = torch.rand(())
            expected = evaluate(net, data)["confidence_forget"]
            np.testing.assert_allclose(results.bank.confidence()[run], expected, rtol=1e-4)
    seeds = [*first.seeds, *second.seeds, *third.seeds]
    assert len(set(seeds)) == 6, "a new seed for every run of every request"
    assert len({each.secret for each in (first, second, third)}) == 1
    assert len(stream.weights()) == 4, "of all requests but the last"


def test_a_request_gives_what_is_left_and_retrainings_learn_it(tiny_pool: Pool) -> None:
    task, images = tiny_pool.task, tiny_pool.task.raw.images
    for request in make_scenario("streaming:3").requests(task):
        pool = tiny_pool.for_part(request.task)
        given = Given.from_spec(json.loads(json.dumps(spec_of(request, pool))))
        sets, learned = given.sets(pool.task), retain_set(pool.task)
        n_left = 250 - len(request.task.split.forget)
        assert len(sets["retain_labels"]) == len(learned["retain_labels"]) == n_left
        np.testing.assert_array_equal(sets["forget_labels"], task.raw.labels[request.asked])
        assert sets["forget_images"].shape == (len(request.asked), *images.shape[1:])
        assert torch.equal(sets["val_images"], task.images("val"))
        assert pool.original_weights(0).keys() == tiny_pool.original_weights(0).keys()
    (free,) = make_scenario("retain-free").requests(task)
    given = Given.from_spec(spec_of(free, tiny_pool))
    assert given.sets(task)["retain_images"].shape == (0, *images.shape[1:])
    assert len(retain_set(task)["retain_labels"]) == 230


def test_what_a_stream_finished_is_not_made_again_and_damage_is(
    tiny_pool: Pool, tmp_path: Path
) -> None:
    stream, mine = Stream(tiny_pool, tmp_path / "runs"), submission(tmp_path, DOUBLE)
    ((_, before),) = stream.run(mine)
    ((_, after),) = stream.run(mine)
    assert stream.called == []
    np.testing.assert_array_equal(after.bank.confidence(), before.bank.confidence())
    stream.weights()[0].write_bytes(b"damaged")
    ((_, after),) = stream.run(mine)
    assert [event for event in stream.called if event[1] == event[2]] != []
    np.testing.assert_array_equal(after.bank.confidence(), before.bank.confidence())
    ((_, more),) = stream.run(mine, n_models=3)
    np.testing.assert_array_equal(more.bank.confidence()[:2], before.bank.confidence())
    old = {path.stat().st_ino for path in stream.place.rglob(MANIFEST)}
    stream.run(mine, anew=True)
    assert not old & {path.stat().st_ino for path in stream.place.rglob(MANIFEST)}


def test_a_stream_ends_for_the_file_that_failed_alone(tiny_pool: Pool, tmp_path: Path) -> None:
    stream = Stream(tiny_pool, tmp_path / "runs", "streaming:3")
    mine = [submission(tmp_path, SECOND_FAILS, "fails"), submission(tmp_path, DOUBLE)]
    failed, good = stream.run(*mine)
    assert [len(failed), len(good)] == [2, 3]
    assert [[fault.fault for fault in each.faults] for each in failed] == [[], ["raised"]]
    assert not any(each.faults for each in good)
    ((*_, alone),) = Stream(tiny_pool, tmp_path / "alone", "streaming:3").run(mine[1])
    np.testing.assert_array_equal(alone.bank.confidence(), good[-1].bank.confidence())


def test_a_record_tells_of_every_request(streamed: Scored, options: Options) -> None:
    record = streamed.record
    first, last = record.requests
    assert [first["n_requested"], last["n_requested"]] == [10, 20]
    assert [first["n_asked"], last["n_asked"]] == [10, 10]
    assert last["fingerprint"] == record.fingerprint != first["fingerprint"]
    assert last["bank_sha256"] == record.bank_sha256 != first["bank_sha256"]
    for name in ("forgetting_quality", "final_score", "ceiling", "accuracy", "strata"):
        assert last["measured"][name] == record.measured[name]
    ratios = [each["measured"]["compute_ratio"] for each in record.requests]
    assert min(ratios) <= record.compute_ratio <= max(ratios)
    assert record.time_ratio not in [each["measured"]["time_ratio"] for each in record.requests]
    again = read_record(streamed.keep(options.results_dir))
    assert again.requests == record.requests
    assert again.scenario == record.scenario == STREAM


def test_the_tables_have_a_row_a_request_and_a_last_one(streamed: Scored) -> None:
    text = plain_text(*record_tables(streamed.record), width=200)
    (one,), (two,), (whole,) = (
        [line for line in text.splitlines() if line.startswith(f"│ {head}")]
        for head in ("1 ", "2 ", "all ")
    )
    assert [row.split("│")[2].strip() for row in (one, two, whole)] == ["10", "20", "20"]
    assert f"scenario {STREAM}" in text


def test_the_rows_of_the_kit_are_streamed_too(options: Options) -> None:
    original, retrain = score(["original", "retrain"], options, ignore)
    for after in original.record.requests:
        assert after["measured"]["forgetting_quality"] == after["measured"]["floor"]
    ceilings = [after["measured"]["ceiling"] for after in retrain.record.requests]
    assert len(set(ceilings)) == 2, "of other oracles"
    alone = score_one("retrain", options, scenario="standard").record
    assert alone.forgetting_quality == retrain.record.forgetting_quality
    assert alone.bank_sha256 == retrain.record.bank_sha256, "the last state is that of the task"
    assert alone.identity != retrain.record.identity


def test_a_fault_names_its_request(options: Options, tmp_path: Path) -> None:
    record = score_one(file(tmp_path, SECOND_FAILS, "fails"), options).record
    assert [fault["fault"] for fault in record.faults] == ["raised"]
    assert record.faults[0]["message"].startswith("request 2 of 2: ")
    assert [after["request"] for after in record.requests] == [1, 2]
    assert record.requests[0]["measured"]["final_score"] is not None
    assert record.requests[1]["measured"]["final_score"] is record.final_score is None
    assert "1 of 4 runs failed, 3 were not made: raised" in record.missing["final_score"]


def test_without_retain_the_same_oracles_and_runs_of_their_own(
    options: Options, tmp_path: Path, cache: Path
) -> None:
    method = file(tmp_path, DOUBLE)
    scenarios = ("standard", "retain-free")
    records = [score_one(method, options, scenario=each).record for each in scenarios]
    assert records[0].bank_sha256 == records[1].bank_sha256
    assert records[0].requests == records[1].requests == []
    assert records[0].forgetting_quality is not None and not records[1].faults
    places = cache.glob(f"v1/{records[0].fingerprint}/*/*/{RUNS}/double-*")
    assert len(list(places)) == 2
    reads = file(tmp_path, "def unlearning(net, retain, forget, val):\n    next(iter(retain))\n")
    (fault,) = score_one(reads, options, scenario="retain-free").record.faults
    assert fault["fault"] == "needs_retain"


def test_boards_keep_scenarios_apart(options: Options, streamed: Scored, tmp_path: Path) -> None:
    records: list[Record] = [
        score_one("retrain", options, scenario=each).record for each in ("standard", STREAM)
    ]
    board = build_leaderboard([*records, streamed.record])
    assert [group.identity["scenario"] for group in board.groups] == ["standard", STREAM]
    assert [len(group.rows) for group in board.groups] == [3, 4]
    assert board.not_comparable == []


def test_a_stream_too_long_is_refused_before_anything_is_trained(
    options: Options, tmp_path: Path
) -> None:
    nowhere = dataclasses.replace(options, cache_dir=tmp_path / "cache", scenario="streaming:21")
    with pytest.raises(UsageError, match="got 20 of task tiny; ask for fewer requests"):
        score([file(tmp_path, DOUBLE)], nowhere, ignore)
    assert not list((tmp_path / "cache").rglob(MANIFEST))
