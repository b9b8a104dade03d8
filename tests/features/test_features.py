"""Features: what is kept of models, and what a new one means for entries that are there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

import scorer.features
from scorer.features import FEATURES, holds_all, kept_features
from scorer.features.base import FIRST, versions
from scorer.options import Options
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.runner.folders import open_runs
from scorer.runner.load import find_submission
from scorer.runner.run import run_submissions
from scorer.runner.units import N_REFERENCES
from scorer.secret import PUBLIC_SECRET
from scorer.settings import PROJECT_ROOT
from scorer.store import ARRAYS, WEIGHTS
from tests._engine import InlineEngine

MARGIN = """
import numpy as np
from scorer.features.base import Feature, ForwardPass

def margin(seen: ForwardPass) -> np.ndarray:
    top = np.sort(seen.logits, axis=1)
    return top[:, -1] - top[:, -2]

FEATURE = Feature("margin", 1, "best logit over the next", margin, sets=("forget", "val"))
"""


SETS = ("retain", "forget", "val", "test")


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be the features of the first pools only, whatever was added since."""
    monkeypatch.setitem(vars(FEATURES), "members", {name: FEATURES[name] for name in FIRST})


@pytest.fixture
def margin(first: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a folder beside the package hold one more feature than the first."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "margin.py").write_text(MARGIN)
    monkeypatch.setattr(
        scorer.features, "__path__", [*scorer.features.__path__, str(tmp_path / "more")]
    )
    FEATURES.__dict__.pop("members", None)
    known = {name: FEATURES[name] for name in (*FIRST, "margin")}
    monkeypatch.setitem(vars(FEATURES), "members", known)
    yield
    sys.modules.pop("scorer.features.margin", None)


def test_the_features_of_the_first_pools_are_what_they_were() -> None:
    assert versions(FEATURES[name] for name in FIRST) == FIRST


def test_entries_say_what_they_hold(tiny_pool: Pool) -> None:
    manifest = tiny_pool.store("oracle").manifest(0)
    assert manifest["features"] == versions(kept_features())
    held = {f"{f.name}_{s}" for f in kept_features() for s in SETS if f.wants(s)}
    assert set(tiny_pool.store("oracle").read(0)) == held
    assert {name for name in held if name.rpartition("_")[0] in FIRST} == {
        "confidence_retain", "confidence_forget", "confidence_val", "confidence_test",
        "correct_retain", "correct_forget", "correct_val", "correct_test", "logits_forget",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "held"),
    [
        ({}, True),
        ({"features": FIRST}, True),
        ({"features": {**FIRST, "gone": 3}}, True),
        ({"features": {**FIRST, "logits": 2}}, False),
        ({"features": {"confidence": 1, "correct": 1}}, False),
    ],
)
def test_what_an_entry_holds(manifest: dict[str, object], held: bool) -> None:
    assert holds_all(manifest, [FEATURES[name] for name in FIRST]) == held


def copy_of_then(made: Pool, pool: Pool, role: str) -> None:
    """Write a model as releases before the features did: their arrays, none named in a manifest."""
    store = made.store(role)
    gone = ("features", "index", "sha256", "edition")
    facts = {k: v for k, v in store.manifest(0).items() if k not in gone}
    arrays = {k: v for k, v in store.read(0).items() if k.rpartition("_")[0] in FIRST}
    weights = store.content(0, WEIGHTS) if (store.folder(0) / WEIGHTS).is_file() else None
    pool.store(role).write(0, arrays, facts, weights)


@pytest.fixture
def pool(tiny_pool: Pool, first: None, tmp_path: Path) -> Pool:
    """Return a pool with one model of two roles, as an older release left them."""
    pool = Pool(tiny_pool.task, tiny_pool.path, "cpu", tmp_path / "cache", PUBLIC_SECRET)
    for role in ("original", "oracle"):
        copy_of_then(tiny_pool, pool, role)
    return pool


def test_entries_of_older_releases_stay_byte_for_byte(pool: Pool) -> None:
    files = [path for path in pool.root.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    assert pool.ensure({"original": 1, "oracle": 1}, InlineEngine(1)) == 0
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.usefixtures("margin")
def test_a_new_feature_trains_again_what_keeps_no_weights(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    before = pool.store("oracle").read(0)
    assert pool.ensure({"oracle": 1}, InlineEngine(1)) == 1
    assert "1 models of role oracle lack a feature: 0 are evaluated again, 1 trained" in (
        caplog.text
    )
    after = pool.bank("oracle", 1).arrays
    assert set(after) - set(before) == {"margin_forget", "margin_val"}
    assert after["margin_forget"].shape == (1, 20)
    for name, array in before.items():
        np.testing.assert_array_equal(after[name][0], array)
    assert pool.store("oracle").manifest(0)["features"] == {**FIRST, "margin": 1}
    assert pool.ensure({"oracle": 1}, InlineEngine(1)) == 0


@pytest.mark.usefixtures("margin")
def test_a_new_feature_evaluates_again_what_keeps_its_weights(
    pool: Pool, caplog: pytest.LogCaptureFixture
) -> None:
    # Other weights than training would give tell evaluation and training apart.
    state = pool.original_weights(0)
    state["fc.bias"] = state["fc.bias"] + torch.arange(10.0)
    weights, arrays = save(state), pool.store("original").read(0)
    shutil.rmtree(pool.store("original").folder(0))
    pool.store("original").write(0, arrays, {}, weights)
    assert pool.ensure({"original": 1}, InlineEngine(1)) == 1
    assert "1 models of role original lack a feature: 1 are evaluated again, 0 trained" in (
        caplog.text
    )
    assert pool.store("original").content(0, WEIGHTS) == weights
    shift = pool.store("original").read(0)["logits_forget"] - arrays["logits_forget"]
    np.testing.assert_allclose(shift, np.tile(np.arange(10.0), (20, 1)), atol=1e-4)
    assert pool.bank("original", 1).arrays["margin_val"].shape == (1, 50)


def test_evaluating_again_gives_the_same_outputs(pool: Pool) -> None:
    task, weights = pool.task, pool.store("original").content(0, WEIGHTS)
    net = network(task, torch.device("cpu"), weights)
    outputs = evaluate(net, EvaluationData.of(task, torch.device("cpu")))
    for name, array in pool.store("original").read(0).items():
        np.testing.assert_array_equal(outputs[name], array)


@pytest.mark.usefixtures("margin")
def test_damaged_weights_are_set_aside_and_the_model_trained_again(pool: Pool) -> None:
    folder = pool.store("original").folder(0)
    arrays = pool.store("original").read(0)
    (folder / WEIGHTS).write_bytes(b"cut")
    pool.ensure({"original": 1}, InlineEngine(1))
    np.testing.assert_array_equal(
        pool.store("original").read(0)["logits_forget"], arrays["logits_forget"]
    )
    assert len(list(folder.parent.glob(".damaged-00000-*"))) == 1
    assert (folder / ARRAYS).is_file()


@pytest.mark.usefixtures("margin")
def test_runs_without_a_new_feature_are_made_again(
    pool: Pool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("def unlearning(net, retain, forget, val):\n    net.fc.bias.data += 1\n")
    submission, options, runs_dir = (
        find_submission(str(mine)),
        Options(n_models=2, sandbox="process"),
        tmp_path / "r",
    )
    pool.ensure({"original": 1}, InlineEngine(1))
    where = (pool, options, InlineEngine(1))
    (first,) = run_submissions([submission], *where, runs_dir=runs_dir)
    assert first.bank is not None and first.bank.arrays["margin_val"].shape == (2, 50)
    store = open_runs(runs_dir, submission, pool, options).store("run")
    for index in range(2):
        facts, arrays = store.manifest(index), store.read(index)
        assert facts.pop("features") == {**FIRST, "margin": 1}
        shutil.rmtree(store.folder(index))
        store.write(index, arrays, facts)
    calls: list[tuple[str, int, int]] = []
    run_submissions([submission], *where, lambda *event: calls.append(event), runs_dir)
    n_units = 2 + N_REFERENCES
    assert calls[-1] == ("unlearn", n_units, n_units), "runs bring retrainings"
    assert (
        "2 runs of mine lack a feature or were metered otherwise, and are made again" in caplog.text
    )


def test_reading_the_features_imports_no_torch() -> None:
    code = "import sys; from scorer.features import FEATURES; list(FEATURES); print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert "torch" not in shown.stdout.split()
