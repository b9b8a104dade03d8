"""A plan counts what is missing, trains nothing, and says what the rest takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scorer.cli import main
from scorer.cli._plan import duration, plan_tables, size
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles import room
from scorer.oracles.disk import bytes_of_outputs
from scorer.oracles.pool import Pool
from scorer.plan.make import Plan, make_plan
from scorer.results.tables import plain_text
from scorer.tasks import TASKS
from scorer.tasks.forget.hard_random import HardRandom
from scorer.training import paths
from scorer.training.memory import Memory
from scorer.training.probe import ProbeResult, Timing
from tests.conftest import tiny_definition

TIMED = ProbeResult("stacked", 8, "", (Timing("loop", 1, 2.0), Timing("stacked", 8, 0.5)))


@pytest.fixture(autouse=True)
def timed(monkeypatch: pytest.MonkeyPatch, tiny_is_known: None, inline_is_known: None) -> None:
    """Know the tiny task, an engine that starts no workers, and what the probe would say."""
    monkeypatch.setattr(paths, "probe", lambda data, recipe: TIMED)


def plan(cache: Path, **changes: Any) -> Plan:
    values = {"task": "tiny", "n_models": 8, "engine": "inline", "workers": 2, "device": "cpu"}
    return make_plan(Options(cache_dir=cache, **{**values, **changes}), no_progress)


def test_times_follow_from_the_probe(tmp_path: Path) -> None:
    cost = plan(tmp_path).cost
    # 250 examples, 50 of them val and 20 forgotten; batches of 64, two epochs.
    retain_steps, train_steps = 2 * ((300 - 50 - 20) // 64), 2 * ((300 - 50) // 64)
    assert cost.missing == {"control": 8, "oracle": 8, "original": 1}
    assert cost.retraining_s == pytest.approx(retain_steps * 2e-3)
    assert cost.pool_s == pytest.approx((16 * retain_steps + train_steps) * 0.5e-3 / 2)
    assert cost.n_workers == 2
    assert cost.runs_s > 8 * 0.2 * cost.retraining_s / 2
    assert cost.disk_mib < cost.free_mib
    assert (cost.n_running, cost.k) == (2, 8)
    assert cost.worker_mib > 350 and cost.run_mib > 2 * 350
    assert 2 * cost.worker_mib == cost.memory_mib < cost.available_mib


def test_few_models_are_timed_by_the_largest_group_that_was(tmp_path: Path) -> None:
    few = plan(tmp_path, n_models=2, workers=4).cost
    assert (few.n_workers, few.k) == (4, 2)  # 5 models, and 2 at once were not timed
    retain_steps, train_steps = 2 * ((300 - 50 - 20) // 64), 2 * ((300 - 50) // 64)
    assert few.pool_s == pytest.approx((4 * retain_steps + train_steps) * 2e-3 / 4)


def test_a_machine_without_memory_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "memory_of", lambda device: Memory(2**30, 2**28))
    with pytest.raises(ScorerError, match=r"training must have about .* MiB of memory for"):
        plan(tmp_path)


def test_nothing_is_trained_and_no_pool_is_made(tmp_path: Path) -> None:
    plan(tmp_path)
    assert not list(tmp_path.rglob("secret*"))
    assert [path.name for path in tmp_path.iterdir()] == ["paths"]


def test_what_the_pool_has_is_not_counted(tiny_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = ProbeResult("loop", 1, "", (Timing("loop", 1, 2.0),))
    monkeypatch.setattr(paths, "probe", lambda data, recipe: loop)
    found = plan(tiny_pool.cache_dir, secret=tiny_pool.secret, design="reuse-4")
    assert found.cost.missing == {"control": 4, "oracle": 4, "original": 2}
    assert found.path == "loop"
    other = plan(tiny_pool.cache_dir, secret="a" * 64)
    assert other.cost.missing == {"control": 8, "oracle": 8, "original": 1}


def test_hard_examples_that_nobody_knows_cost_models_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard = tiny_definition(forget=HardRandom(n_hard=10, n_random=10, n_models=6))
    known = plan(tmp_path).cost
    monkeypatch.setitem(TASKS.members, "tiny", hard)
    found = plan(tmp_path)
    assert found.cost.n_difficulty == 6 and found.n_forget == 20
    assert found.cost.pool_s > known.pool_s
    assert "up to 6" in plain_text(*plan_tables(found))
    assert not list(tmp_path.glob("v1"))


@pytest.mark.parametrize("width", [60, 80])
def test_tables_are_whole_on_narrow_terminals(tmp_path: Path, width: int) -> None:
    text = plain_text(*plan_tables(plan(tmp_path)), width=width)
    assert "…" not in text
    for part in ("retrained models", "of the", "oracle models to train", "free"):
        assert part in text


def test_few_models_have_gaps_and_no_error(tmp_path: Path) -> None:
    found = plan(tmp_path, n_models=2)
    assert (found.detectable_epsilon, found.certifiable_epsilon) == (None, None)
    assert "epsilon shows from -" in " ".join(plain_text(*plan_tables(found)).split())


def test_larger_plans_take_more(tmp_path: Path) -> None:
    small, large = (plan(tmp_path, n_models=n) for n in (8, 32))
    for name in ("pool_s", "runs_s", "disk_mib"):
        assert getattr(large.cost, name) > getattr(small.cost, name)
    assert large.detectable_epsilon < small.detectable_epsilon  # type: ignore[operator]


def test_outputs_grow_with_what_they_are_of() -> None:
    sizes = [bytes_of_outputs(*each) for each in ((300, 20, 10), (600, 20, 10), (600, 40, 10))]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (59, "59 s"), (90, "1.5 min"), (5e4, "14 h")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_sizes() -> None:
    assert (size(0.5), size(2048)) == ("0.5 MiB", "2.0 GiB")


def call(cache: Path, *arguments: str) -> Any:
    fixed = ("score", "--plan", "--task", "tiny", "--engine", "inline", "--n-models", "8")
    return CliRunner().invoke(main, [*fixed, "--cache-dir", str(cache), *arguments])


def test_the_command_shows_tables_or_one_object(tmp_path: Path) -> None:
    shown = call(tmp_path)
    assert shown.exit_code == 0, shown.stderr
    assert "what tiny: N=8, rule competition, design reuse-1 tells" in shown.stdout
    values = json.loads(call(tmp_path, "--json").stdout)
    assert values["cost"]["missing"]["oracle"] == 8
    assert values["n_forget"] == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--examples",), "--plan makes no score"),
        (("--rerun",), "--plan makes no score"),
        (("--design", "reuse-3"), "--n-models must be a multiple of 3"),
        (("--task", "tinny"), "Did you mean tiny"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = call(tmp_path, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_kept_path_without_times_is_timed_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        paths, "probe", lambda data, recipe: replace(TIMED, name="loop", k=1, timings=())
    )
    assert plan(tmp_path).cost.retraining_s > 0
