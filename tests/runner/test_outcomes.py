"""Outcomes: every run has one, a fault is one like a success, and only the guilty are blamed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from scorer.engines import LocalEngine
from scorer.engines.base import Engine
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.outputs import EvaluationData, NotFinite, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.runner.folders import open_runs
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import RunResults, run_submissions
from scorer.secret import PUBLIC
from scorer.store import ARRAYS, MANIFEST
from tests._engine import InlineEngine

START = "import os, time, torch\ndef unlearning(net, retain, forget, val):\n"

BY_SEED = START + "    if torch.rand(1) < 0.5: raise ValueError('unlucky')\n"
"""Under the seeds of the public secret some runs fail, the first does not."""


def calls(marker: Path, then: str = "") -> str:
    """Return a submission that leaves a byte for every call, then goes on."""
    return (
        START
        + f"    fd = os.open({str(marker)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)\n"
        + "    os.write(fd, b'x')\n"
        + f"    n_calls = os.path.getsize({str(marker)!r})\n"
        + "".join(f"    {line}\n" for line in then.splitlines())
    )


def submission(tmp_path: Path, source: str, name: str = "mine") -> Submission:
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    return find_submission(str(path))


def run_all(
    mine: list[Submission],
    pool: Pool,
    engine: Engine,
    place: Path,
    n_models: int = 4,
    timeout_s: float | None = None,
    **more: bool,
) -> list[RunResults]:
    # Some of these leave marks outside their folders, which only this tier lets them.
    how: dict[str, Any] = {"sandbox": "process", "runs_secret": PUBLIC}
    options = Options(n_models=n_models, timeout_s=timeout_s, **how)
    return run_submissions(mine, pool, options, engine, runs_dir=place, **more)


def run(mine: Submission, pool: Pool, engine: Engine, place: Path, **more: Any) -> RunResults:
    (results,) = run_all([mine], pool, engine, place, **more)
    return results


def outcomes(results: RunResults) -> list[tuple[int, str, str]]:
    return [(fault.run, fault.kind, fault.fault) for fault in results.faults]


def test_as_many_fail_whatever_the_number_of_workers(tiny_pool: Pool, tmp_path: Path) -> None:
    sources = (
        BY_SEED,
        START + "    assert torch.initial_seed() % 3, 'a third of all seeds'\n",
        START + "    net.fc.bias.data += float('inf') if torch.rand(1) < 0.5 else 1.0\n",
    )
    mine = [submission(tmp_path, source, f"mine{k}") for k, source in enumerate(sources)]
    found = [
        run_all(mine, tiny_pool, InlineEngine(n), tmp_path / str(n), n_models=12) for n in (1, 3)
    ]
    for one, three in zip(*found, strict=True):
        assert outcomes(one) == outcomes(three)
        runs = [run for run, kind, _ in outcomes(one) if kind == "run"]
        assert 0 < len(runs) < 12 and 0 not in runs, "the case is one in which some fail"
        assert (one.bank, one.n_not_made, len(one.seeds)) == (None, 0, 12)
        assert len(one.elapsed_s) == len(three.elapsed_s) == 12 - len(runs)


def test_workers_that_run_at_once_come_to_the_same(tiny_pool: Pool, tmp_path: Path) -> None:
    works = START + "    net.fc.bias.data += torch.rand(10)\n"
    mine = [submission(tmp_path, BY_SEED), submission(tmp_path, works, "works")]
    alone, together = (
        run_all(mine, tiny_pool, engine, tmp_path / str(engine.n_workers), n_models=8)
        for engine in (InlineEngine(1), LocalEngine(2))
    )
    assert outcomes(alone[0]) == outcomes(together[0]) != []
    assert alone[1].bank is not None and together[1].bank is not None
    np.testing.assert_array_equal(alone[1].bank.confidence(), together[1].bank.confidence())


def test_a_fault_is_final(tiny_pool: Pool, tmp_path: Path) -> None:
    fails = {
        "second": "if n_calls == 2: raise ValueError('the second call')",
        "third": "if n_calls == 3: os._exit(1)",
    }
    markers = [tmp_path / f"{name}.calls" for name in fails]
    mine = [
        submission(tmp_path, calls(tmp_path / f"{name}.calls", then), name)
        for name, then in fails.items()
    ]

    def n_calls() -> list[int]:
        return [marker.stat().st_size for marker in markers]

    first = run_all(mine, tiny_pool, InlineEngine(1), tmp_path / "runs")
    assert n_calls() == [5, 5], "four runs and the audit"
    assert all(outcomes(each) for each in first)
    again = run_all(mine, tiny_pool, InlineEngine(2), tmp_path / "runs")
    assert [each.faults for each in again] == [each.faults for each in first]
    assert n_calls() == [5, 5]
    more = run_all(mine, tiny_pool, InlineEngine(1), tmp_path / "runs", n_models=6)
    assert n_calls() == [7, 7]
    for before, after in zip(first, more, strict=True):
        assert set(before.faults) <= set(after.faults)
    anew = run_all(mine, tiny_pool, InlineEngine(1), tmp_path / "runs", anew=True)
    assert n_calls() == [12, 12], "no run is made again but all of them together"
    assert not any(outcomes(each) for each in anew)


# One worker: the run that hits its limit at once, below, is such a case too.
@pytest.mark.parametrize("n_workers", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_where_the_first_run_fails_no_others_are_made(
    tiny_pool: Pool, tmp_path: Path, n_workers: int
) -> None:
    sources = (
        "1 / 0\ndef unlearning(net, retain, forget, val): pass\n",
        "def unlearning(net, retain, forget, val, much, more): pass\n",
        START + "    torch.ones(3)\n    raise KeyError('mine')\n",
    )
    mine = [submission(tmp_path, source, f"mine{k}") for k, source in enumerate(sources)]
    place = tmp_path / "runs"
    found = run_all(mine, tiny_pool, InlineEngine(n_workers), place, n_models=20)
    names = ["import_error", "bad_signature", "raised"]
    assert [outcomes(each) for each in found] == [[(0, "run", name)] for name in names]
    assert all((each.bank, each.n_not_made) == (None, 19) for each in found)
    assert len(list(place.glob(f"*/run/*/{MANIFEST}"))) == 3
    assert not list(place.glob(f"*/audit/*/{MANIFEST}"))
    store = open_runs(
        place, mine[2], tiny_pool, Options(sandbox="process", runs_secret=PUBLIC)
    ).store("run")
    manifest = store.manifest(0)
    assert "'mine'" in manifest["fault"]["message"] and "line 4" in manifest["fault"]["trace"]
    assert manifest["cpu_s"] > 0 and manifest["seed"] == found[2].seeds[0]
    assert not (store.folder(0) / ARRAYS).exists()


def test_no_second_worker_goes_ahead_of_the_first_run(tiny_pool: Pool, tmp_path: Path) -> None:
    marker = tmp_path / "calls"
    mine = submission(tmp_path, calls(marker, "time.sleep(0.3)\nraise ValueError('late')"))
    results = run(mine, tiny_pool, LocalEngine(2), tmp_path / "runs", n_models=8)
    assert (len(results.faults), results.n_not_made) == (1, 7)
    assert marker.stat().st_size == 1


def test_a_fault_under_audit_is_one_and_no_run_of_the_n(tiny_pool: Pool, tmp_path: Path) -> None:
    audited = "from torch.utils._python_dispatch import _get_current_dispatch_mode as mode\n"
    mine = submission(tmp_path, audited + START + "    if mode() is not None: 1 / 0\n")
    for n_workers in (2, 1):
        results = run(mine, tiny_pool, InlineEngine(n_workers), tmp_path / "runs", n_models=2)
        assert outcomes(results) == [(0, "audit", "raised")]
        assert len(results.elapsed_s) == 2 and results.multiply_adds is None
        assert "(the audited run)" in results.faults[0].describe()


def test_the_time_limit_is_the_submissions_alone(tiny_pool: Pool, tmp_path: Path) -> None:
    audited = "from torch.utils._python_dispatch import _get_current_dispatch_mode as mode\n"
    hangs = "    if torch.rand(1) < 0.5 and mode() is None: time.sleep(600)\n"
    mine = submission(tmp_path, audited + START + hangs)
    results = run(mine, tiny_pool, InlineEngine(1), tmp_path / "runs", timeout_s=3.0)
    assert outcomes(results) == [(1, "run", "timeout")], "under these seeds one of four"
    assert len(results.reference_s) > 0, "the kit's own retrainings have a limit of their own"
    at_once = submission(tmp_path, START + "    time.sleep(600)\n")
    results = run(at_once, tiny_pool, InlineEngine(1), tmp_path / "runs", timeout_s=0.2)
    assert outcomes(results) == [(0, "run", "timeout")]
    assert results.n_not_made == 3


@pytest.fixture
def hurried_pool(tiny_pool: Pool, tmp_path: Path) -> Pool:
    """Return the pool as one of a task whose retrainings may take no time."""
    definition = dataclasses.replace(tiny_pool.task.definition, timeout_s=1e-3)
    task = dataclasses.replace(tiny_pool.task, definition=definition)
    pool = dataclasses.replace(tiny_pool, task=task, cache_dir=tmp_path / "cache")
    shutil.copytree(tiny_pool.root, pool.root)  # and not what is kept of the task
    return pool


# What a worker says of the kit's failure reaches the user, see `tests/engines/test_local.py`.
@pytest.mark.parametrize("make", [InlineEngine, pytest.param(LocalEngine, marks=pytest.mark.slow)])
def test_where_the_kits_own_retraining_fails_no_submission_is_at_fault(
    hurried_pool: Pool, tiny_pool: Pool, tmp_path: Path, make: Callable[[int], Engine]
) -> None:
    mine = submission(tmp_path, START + "    pass\n")
    with pytest.raises(ScorerError, match=r"no submission is at fault.*timeout[\s\S]*--workers"):
        run(mine, hurried_pool, make(1), tmp_path / "runs", timeout_s=20.0)
    kept = [json.loads(path.read_bytes()) for path in (tmp_path / "runs").glob(f"*/*/*/{MANIFEST}")]
    assert not any("fault" in manifest for manifest in kept)
    results = run(mine, tiny_pool, InlineEngine(1), tmp_path / "runs", timeout_s=20.0)
    assert outcomes(results) == [], "the same folder goes on once the kit can"


def test_outputs_that_are_not_finite_are_a_fault(tiny_pool: Pool, tmp_path: Path) -> None:
    mine = [
        submission(
            tmp_path,
            START
            + f"    if torch.rand(1) < 0.5: [p.data.mul_({factor}) for p in net.parameters()]\n",
            f"mine{k}",
        )
        for k, factor in enumerate(("1e30", "3e37", "float('nan')"))
    ]
    for results in run_all(mine, tiny_pool, InlineEngine(1), tmp_path / "runs", n_models=6):
        assert {fault.fault for fault in results.faults} == {"non_finite"}
        assert 0 < len(results.faults) < 6, "the others went on"


@pytest.mark.parametrize("name", ["retain", "forget", "val", "test"])
@pytest.mark.filterwarnings("error")
def test_logits_of_every_set_are_looked_at(tiny_pool: Pool, name: str) -> None:
    data = EvaluationData.of(tiny_pool.task, torch.device("cpu"))
    net = network(tiny_pool.task, torch.device("cpu"))
    evaluate(net, data)
    for value in (torch.nan, torch.inf, 3e38):
        images = {set_name: each.clone() for set_name, each in data.images.items()}
        images[name][0, 0] = value
        with pytest.raises(NotFinite, match=f"logits on {name} of which 10 of"):
            evaluate(net, dataclasses.replace(data, images=images))


@pytest.mark.filterwarnings("error")
def test_what_overflows_in_a_feature_is_not_finite_and_no_warning(tiny_pool: Pool) -> None:
    data = EvaluationData.of(tiny_pool.task, torch.device("cpu"))
    net = network(tiny_pool.task, torch.device("cpu"))
    with torch.no_grad():
        net.fc.weight.zero_()
        net.fc.bias.copy_(torch.tensor([3e38, *[-3e38] * 9]))
    with pytest.raises(NotFinite, match="confidence on retain"):
        evaluate(net, data)
