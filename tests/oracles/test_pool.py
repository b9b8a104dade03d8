"""The pool: grows, resumes, repairs, and gives the same bytes however it was made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save as save_numpy

from data_prep import load_raw
from scorer.cli import main
from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.options import Options
from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.settings import PROJECT_ROOT
from scorer.store import ARRAYS, MANIFEST, WEIGHTS
from scorer.tasks.forget import Material
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.task import Task
from scorer.training.loop import ModelSeeds
from scorer.training.paths import TrainingPath
from tests._engine import InlineEngine
from tests.conftest import tiny_definition


def manifests(root: Path) -> dict[str, str]:
    """Return every committed manifest of a pool by its place."""
    paths = [path for path in sorted(root.rglob(MANIFEST)) if path.parent.name.isdecimal()]
    return {str(path.relative_to(root)): path.read_text() for path in paths}


def test_models_are_independent_of_role_index_and_company(tiny_pool: Pool, tmp_path: Path) -> None:
    alone = Pool(tiny_pool.task, tiny_pool.path, "cpu", tmp_path, PUBLIC_SECRET)
    alone.ensure({"oracle": 4}, LocalEngine(1), shard=(3, 4))
    assert alone.store("oracle").missing(4) == [0, 1, 2]
    assert alone.store("oracle").manifest(3) == tiny_pool.store("oracle").manifest(3)
    hashes = {
        tiny_pool.store(role).manifest(i)["weights_sha256"]
        for role, n in (("original", 2), ("oracle", 4), ("control", 4))
        for i in range(n)
    }
    assert len(hashes) == 10


def grown(task: Task, path: TrainingPath, cache: Path, secret: str | None) -> Pool:
    """Return a pool that was opened as commands do, with two models."""
    pool = Pool.open(task, path, "cpu", cache, secret)
    pool.ensure({"original": 1, "oracle": 1}, InlineEngine(1))
    return pool


def contents(pool: Pool) -> dict[str, bytes]:
    """Return the bytes of every file of a pool by its place."""
    files = [path for path in pool.root.rglob("*") if path.is_file() and path.stat().st_size]
    return {str(path.relative_to(pool.cache_dir)): path.read_bytes() for path in files}


def test_a_secret_makes_the_same_pool_byte_for_byte(
    tiny_task: Task, loop_path: TrainingPath, tmp_path: Path
) -> None:
    pool = grown(tiny_task, loop_path, tmp_path / "a", None)
    again = grown(tiny_task, loop_path, tmp_path / "b", pool.secret)
    other = grown(tiny_task, loop_path, tmp_path / "c", None)
    assert contents(again) == contents(pool)
    assert len(contents(pool)) == 7
    for role in ("original", "oracle"):
        one, two = (each.store(role).manifest(0)["weights_sha256"] for each in (pool, other))
        assert one != two
    assert pool.secret not in "".join(map(str, pool.to_spec().values())) + repr(pool)
    assert Pool.from_spec(pool.to_spec()).secret == pool.secret
    assert Pool.open(tiny_task, loop_path, "cpu", tmp_path / "a", None).secret == pool.secret


def test_seeds_differ_by_secret_task_role_and_index(tiny_pool: Pool, tmp_path: Path) -> None:
    changed = dataclasses.replace(tiny_pool.task.raw, mean=(0.5,))
    pools = [
        tiny_pool,
        dataclasses.replace(tiny_pool, secret="0" * 64),
        dataclasses.replace(tiny_pool, task=dataclasses.replace(tiny_pool.task, raw=changed)),
    ]
    seeds = {
        pool.seeds(role, i) for pool in pools for role in ("oracle", "control") for i in (0, 1)
    }
    assert len(seeds) == 12
    assert ModelSeeds.of(tiny_pool.task.fingerprint, "oracle", 0) not in seeds


@pytest.mark.usefixtures("tiny_is_known")
def test_split_and_difficulty_depend_on_no_secret(tmp_path: Path) -> None:
    definition = tiny_definition(forget=HardRandom(n_hard=5, n_random=5, n_models=2))
    found = []
    for secret in ("a" * 64, "b" * 64):
        options = Options(secret=secret, cache_dir=tmp_path / secret[0], device="cpu")
        raw = load_raw("digits", options.data_dir)
        material = Material(definition, raw, options, InlineEngine(1), no_progress)
        split = definition.forget.split(material)
        found.append(Task(definition, 0, raw, split).fingerprint)
    assert found[0] == found[1]


@pytest.mark.parametrize("source", [("oracle", 0), ("control", 1)])
def test_an_entry_in_anothers_place_is_made_again(
    tiny_pool: Pool, tmp_path: Path, source: tuple[str, int]
) -> None:
    cache = tmp_path / "cache"
    shutil.copytree(tiny_pool.cache_dir, cache)
    pool = dataclasses.replace(tiny_pool, cache_dir=cache)
    place = pool.store("oracle").folder(1)
    shutil.rmtree(place)
    shutil.copytree(pool.store(source[0]).folder(source[1]), place)
    bank = pool.banks({"oracle": 2}, InlineEngine(1))["oracle"]
    np.testing.assert_array_equal(bank.confidence(), tiny_pool.bank("oracle", 2).confidence())
    assert len(list(place.parent.glob(".damaged-00001-*"))) == 1


def test_outputs_have_the_promised_shapes(tiny_pool: Pool) -> None:
    bank = tiny_pool.bank("oracle", 4)
    assert bank.arrays["logits_forget"].shape == (4, 20, 10)
    assert bank.confidence("test").shape == (4, 1497)
    assert bank.arrays["correct_retain"].dtype == bool
    assert (bank.accuracy("test") > 0.3).all()
    taken = bank.take([1, 0, 1])
    assert taken.n_models == 3
    np.testing.assert_array_equal(taken.confidence(), bank.confidence()[[1, 0, 1]])


def test_confidence_and_hits_agree_with_the_logits(tiny_pool: Pool) -> None:
    bank = tiny_pool.bank("oracle", 4)
    labels = tiny_pool.task.labels("forget").numpy()
    logits = bank.arrays["logits_forget"].astype(float)
    probability = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    own = probability[:, np.arange(20), labels]
    np.testing.assert_allclose(bank.confidence(), np.log(own / (1 - own)), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(bank.arrays["correct_forget"], logits.argmax(-1) == labels)


def test_growing_keeps_what_is_there(tiny_pool: Pool) -> None:
    before = manifests(tiny_pool.root / "oracle")
    assert tiny_pool.ensure({"oracle": 4}, InlineEngine(1)) == 0
    assert tiny_pool.ensure({"retrain": 1}, InlineEngine(1)) == 1
    assert manifests(tiny_pool.root / "oracle") == before


def test_damage_is_set_aside_and_mended(tiny_pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    store = tiny_pool.store("control")
    before = store.read(1)
    path = store.folder(1) / ARRAYS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    banks = tiny_pool.banks({"control": 4}, InlineEngine(1))
    assert "damaged and to be made again" in caplog.text
    np.testing.assert_array_equal(
        banks["control"].arrays["logits_forget"][1], before["logits_forget"]
    )
    assert len(list(store.root.glob(".damaged-00001-*"))) == 1


def test_weights_are_kept_as_they_are_hashed(tiny_pool: Pool) -> None:
    store = tiny_pool.store("original")
    content = store.content(0, WEIGHTS)
    assert hashlib.sha256(content).hexdigest() == store.manifest(0)["weights_sha256"]
    as_numpy = {name: tensor.numpy() for name, tensor in tiny_pool.original_weights(0).items()}
    assert save_numpy(as_numpy) == content, "what releases before this one wrote"


N_MODELS = 12


def arguments(cache: Path, *engine: str) -> list[str]:
    """Return those of `scorer oracles` for a pool of 25 models."""
    told = ["oracles", "--task", "tiny", "--n-models", str(N_MODELS), "--secret", "public"]
    return [*told, *engine, "--device", "cpu", "--cache-dir", str(cache), "--json"]


def oracles_command(cache: Path) -> subprocess.Popen[bytes]:
    """Start `scorer oracles` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.runner._command", *arguments(cache, "--workers", "2")],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture
def whole_cache(tmp_path: Path, tiny_is_known: None, inline_is_known: None) -> Path:
    """Return the cache of a pool that was made without interruption."""
    assert n_trained(tmp_path / "whole") == 1 + 2 * N_MODELS
    return tmp_path / "whole"


def n_trained(cache: Path) -> int:
    """Make all that is missing in this process; return how many models that were."""
    result = CliRunner().invoke(main, arguments(cache, "--engine", "inline", "--workers", "1"))
    facts: dict[str, int] = json.loads(result.stdout)
    assert (result.exit_code, facts["missing"]) == (0, 0)
    return facts["trained"]


@pytest.mark.parametrize("victim", [pytest.param("command", marks=pytest.mark.slow), "everything"])
def test_killed_half_way_it_finishes_with_the_same_manifests(
    tmp_path: Path, whole_cache: Path, victim: str
) -> None:
    cache = tmp_path / "killed"
    # Which way of training is faster may come out differently on a machine that is busy.
    shutil.copytree(whole_cache / "paths", cache / "paths")
    process = oracles_command(cache)
    while not list(cache.glob(f"v1/*/cpu-*/*/*/[0-9]*/{MANIFEST}")):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.02)
    if victim == "command":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert 0 < n_trained(cache) < 1 + 2 * N_MODELS
    made, expected = (
        manifests(next((each / "v1").glob("*/cpu-*"))) for each in (cache, whole_cache)
    )
    assert made == expected
