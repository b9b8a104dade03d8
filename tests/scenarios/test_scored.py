"""Scenarios from a file to a record: what a run is given, starts from, and is scored on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scorer.engines import ENGINES
from scorer.engines.base import no_progress
from scorer.errors import UsageError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.place import RUNS
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.pipeline import Scored, score
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import read_record
from scorer.results.tables import plain_text, record_tables
from scorer.runner.faults import Fault
from scorer.runner.folders import open_runs
from scorer.runner.load import find_submission
from scorer.runner.requests import Given, retain_set, spec_of
from scorer.runner.run import RunResults
from scorer.runner.stream import joined, run_requests
from scorer.scenarios import make_scenario
from scorer.secret import PUBLIC
from scorer.store import MANIFEST, WEIGHTS
from scorer.tasks import TASKS
from scorer.training import paths
from scorer.training.probe import ProbeResult
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

DOUBLE = """
import torch
def unlearning(net, retain, forget, val):
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
METHODS = {"double": DOUBLE, "fails": SECOND_FAILS}


@dataclasses.dataclass(frozen=True)
class Streamed:
    """A stream of two files and of the rows that the kit makes itself, scored once."""

    options: Options
    files: dict[str, str]
    scored: dict[str, Scored]

    @property
    def pool(self) -> Pool:
        return open_pool(self.options, no_progress)[0]

    def runs(self, name: str, calls: list[Any]) -> list[RunResults]:
        """Return what the runs of a file gave; made now where they are not there."""
        pool = self.pool
        requests = make_scenario(STREAM).requests(pool.task)
        pools = [pool.for_part(request.task) for request in requests]
        where = (self.options, InlineEngine(1), lambda *event: calls.append(event))
        mine = [find_submission(self.files[name])]
        (found,) = run_requests(mine, pools, requests, *where, pool.root / RUNS)
        return found


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streamed]:
    """Score once for all tests here: to start a process for runs takes longer than the runs."""
    folder = tmp_path_factory.mktemp("streamed")
    files = {name: str(folder / f"{name}.py") for name in METHODS}
    for name, path in files.items():
        Path(path).write_text(METHODS[name])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(TASKS.members, "tiny", tiny_definition())
        patch.setitem(ENGINES.members, "inline", InlineEngine)
        patch.setattr(paths, "probe", lambda *_: ProbeResult("loop", 1, "for tests", ()))
        options = Options(
            task="tiny",
            n_models=4,
            workers=1,
            engine="inline",
            device="cpu",
            scenario=STREAM,
            sandbox="process",
            secret=PUBLIC,
            cache_dir=folder / "cache",
            results_dir=folder / "results",
        )
        names = ["original", "retrain", *files.values()]
        found = score(names, options, no_progress)
        yield Streamed(options, files, {each.record.method: each for each in found})


def test_each_request_starts_from_what_the_last_one_left(streamed: Streamed) -> None:
    pool, calls = streamed.pool, list[Any]()
    found = streamed.runs("double", calls)
    assert calls == [], "nothing is made again"
    net, start = network(pool.task, torch.device("cpu")), pool.original_weights(0)
    for number, results in enumerate(found, start=1):
        request = make_scenario(STREAM).requests(pool.task)[number - 1]
        data = EvaluationData.of(request.task, torch.device("cpu"))
        assert results.bank is not None
        for seed, confidence in zip(results.seeds, results.bank.confidence(), strict=True):
            net.load_state_dict(start)
            with torch.no_grad():
                net.fc.weight *= 2**number
                net.fc.bias[0] = 250 - len(request.task.split.forget)
                net.fc.bias[1] = len(request.asked)
                torch.manual_seed(seed)
                net.fc.bias[2] = torch.rand(())
            np.testing.assert_allclose(
                confidence, evaluate(net, data)["confidence_forget"], rtol=1e-4
            )
    first, last = found
    assert len({*first.seeds, *last.seeds}) == 8, "a new seed for every run of every request"
    assert first.secret == last.secret == streamed.scored["double"].record.runs_secret
    np.testing.assert_array_equal(
        last.bank.confidence(), streamed.scored["double"].banks["unlearned"].confidence()
    )


def test_a_request_gives_what_is_left_and_retrainings_learn_it(streamed: Streamed) -> None:
    whole = streamed.pool
    task, shape = whole.task, whole.task.raw.images.shape[1:]
    for request in make_scenario("streaming:3").requests(task):
        pool = whole.for_part(request.task)
        given = Given.from_spec(json.loads(json.dumps(spec_of(request, pool))))
        sets, learned = given.sets(pool.task), retain_set(pool.task)
        n_left = 250 - len(request.task.split.forget)
        assert len(sets["retain_labels"]) == len(learned["retain_labels"]) == n_left
        np.testing.assert_array_equal(sets["forget_labels"], task.raw.labels[request.asked])
        assert sets["forget_images"].shape == (len(request.asked), *shape)
        assert torch.equal(sets["val_images"], task.images("val"))
        assert pool.original_weights(0).keys() == whole.original_weights(0).keys()
    (free,) = make_scenario("retain-free").requests(task)
    given = Given.from_spec(spec_of(free, whole))
    assert given.sets(task)["retain_images"].shape == (0, *shape)
    assert len(retain_set(task)["retain_labels"]) == 230


def test_damaged_networks_between_requests_are_made_again(streamed: Streamed) -> None:
    options, pool = streamed.options, streamed.pool
    folder = open_runs(pool.root / RUNS, find_submission(streamed.files["double"]), pool, options)
    kept = sorted(folder.root.rglob(WEIGHTS))
    assert [path.parent.parent.name for path in kept] == ["run-1"] * 4, "not of the last request"
    before = kept[2].read_bytes()
    kept[2].write_bytes(b"damaged")
    calls: list[Any] = []
    *_, last = streamed.runs("double", calls)
    assert calls[-1][1:] == (1 + 4, 1 + 4), "one run, and retrainings beside it"
    assert kept[2].read_bytes() == before
    unlearned = streamed.scored["double"].banks["unlearned"]
    assert last.bank is not None
    np.testing.assert_array_equal(last.bank.confidence(), unlearned.confidence())


def test_to_run_a_stream_anew_deletes_all_its_requests(streamed: Streamed, tmp_path: Path) -> None:
    mine, pool = find_submission(streamed.files["double"]), streamed.pool
    free = dataclasses.replace(streamed.options, secret=None)
    requests = make_scenario(STREAM).requests(pool.task)

    def opened(**more: Any) -> list[Any]:
        return [open_runs(tmp_path, mine, pool, free, each, **more) for each in requests]

    first, second = opened()
    assert first.root == second.root and first.secret == second.secret
    assert first.root.name.endswith("-streaming-2")
    assert [each.store("run").root.name for each in (first, second)] == ["run-1", "run-2"]
    for each in (first, second):
        each.store("run").write(0, {}, {"meters": 0})
    again = open_runs(tmp_path, mine, pool, free, requests[0], anew=True)
    assert not list(tmp_path.rglob(MANIFEST))
    assert again.secret != first.secret


def test_a_stream_ends_with_the_request_that_failed(streamed: Streamed) -> None:
    first, second = streamed.runs("double", [])
    failed = dataclasses.replace(second, bank=None, faults=[Fault("raised", "mine", run=1)])
    whole = joined([first, failed], 3)
    assert whole.bank is None and len(whole.elapsed_s) == 8
    assert whole.faults == [Fault("raised", "request 2 of 3: mine", run=1)]
    assert joined([first, second], 2).bank is second.bank
    assert joined([first], 1) is first
    record = streamed.scored["fails"].record
    assert [fault["fault"] for fault in record.faults] == ["raised"]
    assert record.faults[0]["message"].startswith("request 2 of 2: ")
    assert record.requests[0]["measured"]["final_score"] is not None
    assert record.requests[1]["measured"]["final_score"] is record.final_score is None
    assert "1 of 4 runs failed, 3 were not made: raised" in record.missing["final_score"]
    assert not streamed.scored["double"].record.faults


def test_a_record_tells_of_every_request(streamed: Streamed) -> None:
    scored = streamed.scored["double"]
    record, (first, last) = scored.record, scored.record.requests
    assert [first["n_requested"], last["n_requested"]] == [10, 20]
    assert [first["n_asked"], last["n_asked"]] == [10, 10]
    assert last["fingerprint"] == record.fingerprint != first["fingerprint"]
    assert last["bank_sha256"] == record.bank_sha256 != first["bank_sha256"]
    for name in ("forgetting_quality", "final_score", "ceiling", "accuracy", "strata"):
        assert last["measured"][name] == record.measured[name]
    times = [each["measured"]["wall_ratio"] for each in record.requests]
    assert min(times) < record.wall_ratio < max(times), "of a mean call"
    again = read_record(scored.keep(streamed.options.results_dir))
    assert again.requests == record.requests
    assert again.scenario == record.scenario == STREAM


def test_the_tables_have_a_row_a_request_and_a_last_one(streamed: Streamed) -> None:
    text = plain_text(*record_tables(streamed.scored["double"].record), width=140)
    rows = [line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│")]
    assert [row for row in rows if row in ("1 (10)", "2 (20)", "all")] == rows[:3]
    assert f"scenario {STREAM}" in text
    failed = plain_text(*record_tables(streamed.scored["fails"].record), width=250)
    assert " all " not in failed and "2 (20)" in failed


def test_the_rows_of_the_kit_are_streamed_too(streamed: Streamed) -> None:
    original, retrain = (streamed.scored[name].record for name in ("original", "retrain"))
    for after in original.requests:
        assert after["measured"]["forgetting_quality"] == after["measured"]["floor"]
    ceilings = [after["measured"]["ceiling"] for after in retrain.requests]
    assert len(set(ceilings)) == 2, "of other oracles"


def test_without_retain_the_same_oracles_and_runs_of_their_own(streamed: Streamed) -> None:
    standard = dataclasses.replace(streamed.options, scenario="standard")
    free = dataclasses.replace(streamed.options, scenario="retain-free")
    (retrain,) = score(["retrain"], standard, no_progress)
    (scored,) = score([streamed.files["double"]], free, no_progress)
    streams = streamed.scored["retrain"].record
    assert scored.record.bank_sha256 == retrain.record.bank_sha256 == streams.bank_sha256
    assert retrain.record.forgetting_quality == streams.forgetting_quality
    assert scored.record.requests == retrain.record.requests == []
    assert not scored.record.faults and scored.record.within_budget is not None
    folders = (streamed.pool.root / RUNS).glob("double-*")
    assert len({path.name for path in folders}) == 2, "of the stream, and of this"
    board = build_leaderboard(
        [each.record for each in (retrain, scored, *streamed.scored.values())]
    )
    names = ["retain-free", "standard", STREAM]
    assert [group.identity["scenario"] for group in board.groups] == names
    assert [one["method"] for one in board.not_comparable] == ["fails"]


def test_a_stream_too_long_is_refused_before_anything_is_trained(
    streamed: Streamed, tmp_path: Path
) -> None:
    nowhere = dataclasses.replace(
        streamed.options, cache_dir=tmp_path / "cache", scenario="streaming:21"
    )
    with pytest.raises(UsageError, match="got 20 of task tiny; ask for fewer requests"):
        score(["retrain"], nowhere, no_progress)
    assert not list((tmp_path / "cache").rglob("oracle"))
