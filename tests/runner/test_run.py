"""N runs of a submission: seeded, resumable, timed beside plain retrainings, faults kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.engines import LocalEngine
from scorer.engines.base import Engine, Progress, no_progress
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.runner.folders import open_runs
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import RunResults, run_submissions
from scorer.runner.units import N_REFERENCES
from scorer.secret import PUBLIC
from tests._engine import InlineEngine

NOISE = """
import torch
def unlearning(net, retain, forget, val):
    with torch.no_grad():
        net.fc.bias += torch.randn(10)
"""


def submission(tmp_path: Path, source: str) -> Submission:
    path = tmp_path / "mine.py"
    path.write_text(source)
    return find_submission(str(path))


def run(
    mine: Submission, pool: Pool, engine: Engine, progress: Progress = no_progress, **how: Any
) -> RunResults:
    (results,) = run_submissions([mine], pool, plan(**how), engine, progress)
    return results


def plan(n_models: int = 4, design: str = "reuse-1") -> Options:
    # Some of its submissions leave marks outside their folders, which only this tier lets them.
    return Options(n_models=n_models, design=design, sandbox="process", runs_secret=PUBLIC)


def test_runs_differ_by_seed_and_come_back_the_same(tiny_pool: Pool, tmp_path: Path) -> None:
    mine, engine = submission(tmp_path, NOISE), InlineEngine(1)
    first = run(mine, tiny_pool, engine)
    assert first.bank is not None
    assert first.faults == []
    confidence = first.bank.confidence()
    assert confidence.shape == (4, 20)
    assert len({row.tobytes() for row in confidence}) == 4
    assert len(first.elapsed_s) == len(first.cpu_s) == 4
    assert len(first.reference_s) == len(first.reference_cpu_s) == N_REFERENCES
    assert (first.cpu_s > 0).all() and (first.reference_cpu_s > 0).all()
    assert first.multiply_adds is not None and 0 < first.multiply_adds < 2000, "ten additions"
    assert first.reference_multiply_adds is not None and first.reference_multiply_adds > 1e6
    assert first.peak_mib > 0

    calls: list[tuple[str, int, int]] = []
    again = run(mine, tiny_pool, engine, lambda *event: calls.append(event))
    assert calls == []
    assert again.bank is not None
    np.testing.assert_array_equal(again.bank.confidence(), confidence)

    more = run(mine, tiny_pool, engine, lambda *event: calls.append(event), n_models=5)
    assert calls[-1] == ("unlearn", 1 + N_REFERENCES, 1 + N_REFERENCES), "runs bring retrainings"
    np.testing.assert_array_equal(more.reference_s[:N_REFERENCES], first.reference_s)
    assert len(more.reference_s) == 2 * N_REFERENCES
    assert more.bank is not None
    np.testing.assert_array_equal(more.bank.confidence()[:4], confidence)


def test_several_submissions_share_workers_and_nothing_else(
    tiny_pool: Pool, tmp_path: Path
) -> None:
    sources = {
        "noise": NOISE.replace("randn", "rand"),
        "fails": "def unlearning(net, retain, forget, val):\n    1 / 0  # by chance\n",
        "still": "def unlearning(net, retain, forget, val):\n    assert not hasattr(net, 'x')\n",
    }
    mine = []
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
        mine.append(find_submission(str(tmp_path / f"{name}.py")))
    noise, fails, still = run_submissions(mine, tiny_pool, plan(3), InlineEngine(1))
    assert noise.bank is not None and still.bank is not None and fails.bank is None
    assert [fault.run for fault in fails.faults] == [0], "given up after its first run"
    assert "fails.py" in fails.faults[0].trace and not noise.faults and not still.faults
    assert len({row.tobytes() for row in noise.bank.confidence()}) == 3
    assert len({row.tobytes() for row in still.bank.confidence()}) == 1
    assert len(noise.reference_s) == N_REFERENCES
    np.testing.assert_array_equal(noise.reference_s, still.reference_s)
    place = tmp_path / "runs"
    (alone,) = run_submissions(mine[:1], tiny_pool, plan(3), InlineEngine(1), runs_dir=place)
    assert alone.bank is not None
    np.testing.assert_array_equal(alone.bank.confidence(), noise.bank.confidence())


def test_what_was_kept_under_other_meters_is_made_again(
    tiny_pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, place = submission(tmp_path, NOISE), tmp_path / "runs"
    run_submissions([mine], tiny_pool, plan(2), InlineEngine(1), runs_dir=place)
    folder = open_runs(place, mine, tiny_pool, plan(2))
    assert folder.store("run").missing(2) == folder.store("audit").missing(1) == []
    monkeypatch.setattr("scorer.runner.units.METERS", 99)
    assert folder.store("run").outdated(2) == [0, 1]
    assert folder.store("reference").outdated(1) == folder.store("audit").outdated(1) == [0]


def test_runs_take_the_originals_in_turn(tiny_pool: Pool, tmp_path: Path) -> None:
    mine = submission(tmp_path, "def unlearning(net, retain, forget, val):\n    return net\n")
    results = run(mine, tiny_pool, InlineEngine(1), n_models=4, design="reuse-2")
    assert results.bank is not None
    one, other = tiny_pool.bank("original", 2).confidence()
    assert not np.allclose(one, other)
    expected = [one, other, one, other]
    np.testing.assert_allclose(results.bank.confidence(), expected, rtol=1e-5)


def test_in_another_folder_it_was_never_run(tiny_pool: Pool, tmp_path: Path) -> None:
    mine, engine = submission(tmp_path, NOISE), InlineEngine(1)
    first = run(mine, tiny_pool, engine, n_models=2)
    calls: list[tuple[str, int, int]] = []
    (again,) = run_submissions(
        [mine],
        tiny_pool,
        plan(2),
        engine,
        lambda *event: calls.append(event),
        runs_dir=tmp_path / "runs",
    )
    n_units = 2 + 1 + N_REFERENCES
    assert calls[-1] == ("unlearn", n_units, n_units), "runs, the audit, retrainings"
    assert again.bank is not None and first.bank is not None
    np.testing.assert_array_equal(again.bank.confidence(), first.bank.confidence())
    assert again.multiply_adds == first.multiply_adds
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_nothing_to_run_starts_nothing(tiny_pool: Pool) -> None:
    assert run_submissions([], tiny_pool, plan(), LocalEngine(1)) == []
