"""Banks of any size: read once, mapped where they are large, views where models repeat."""

from __future__ import annotations

import hashlib
import resource
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.errors import ScorerError
from scorer.features import FEATURES
from scorer.features.base import versions
from scorer.files import DiskError
from scorer.oracles import outputs
from scorer.oracles.mapped import map_outputs
from scorer.oracles.outputs import Bank, join_outputs
from scorer.oracles.pool import Pool
from scorer.runner.designs import DESIGNS
from scorer.secret import PUBLIC_SECRET
from scorer.store import ARRAYS, MANIFEST, WEIGHTS, entries
from scorer.tasks.task import Task
from scorer.training.paths import TrainingPath
from tests._engine import InlineEngine

N_MODELS = 64


def model(index: int, **more: np.ndarray) -> dict[str, np.ndarray]:
    """Return simulated outputs of one model: 40 examples to forget, 3 to test on, none retained."""
    rng = np.random.default_rng(index)
    found = {f"confidence_{name}": rng.normal(size=n).astype(np.float32)
             for name, n in (("forget", 40), ("test", 3), ("retain", 0))}  # fmt: skip
    hits = {name.replace("confidence", "correct"): value > 0 for name, value in found.items()}
    logits = {"logits_forget": rng.normal(size=(40, 10)).astype(np.float32)}
    return {**found, **hits, **logits, **more}


def test_a_large_bank_in_a_file_is_the_one_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = [model(index) for index in range(9)]
    every[0]["of_the_first"] = np.zeros(5)
    small = join_outputs(every, 9, tmp_path)
    monkeypatch.setattr(outputs, "MOST_IN_MEMORY_BYTES", 0)
    large = join_outputs(iter(every), 9, tmp_path)
    assert list(small.arrays) == list(large.arrays) == list(model(0))
    for name, array in large.arrays.items():
        assert array.dtype == small.arrays[name].dtype == every[0][name].dtype
        np.testing.assert_array_equal(array, small.arrays[name])
        assert small.arrays[name].flags.writeable and not array.flags.writeable
    np.testing.assert_array_equal(large.accuracy("forget"), small.accuracy("forget"))
    assert list(tmp_path.iterdir()) == [], "the file has no name"


def test_of_a_large_bank_one_model_is_held_at_a_time(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        # numpy tells tracemalloc of its memory; what is mapped is none of it.
        every = ({"confidence_forget": np.full(2**18, i, dtype=np.float32)} for i in range(64))
        arrays = map_outputs(every, 64, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20 < arrays["confidence_forget"].nbytes == 64 * 2**20
    assert arrays["confidence_forget"][:, -1].tolist() == list(range(64))


@pytest.mark.parametrize("other", [np.zeros(7, np.float32), np.zeros(40)])
def test_models_with_unlike_outputs_are_refused(tmp_path: Path, other: np.ndarray) -> None:
    every = [model(0), model(1, confidence_forget=other)]
    with pytest.raises(ScorerError, match="`confidence_forget` must have one shape and dtype"):
        map_outputs(every, 2, tmp_path)


def test_a_disk_without_room_for_a_bank_says_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(DiskError, match="the limit of the size of files is too low"):
            map_outputs([model(0)], 1, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def filled(task: Task, path: TrainingPath, cache: Path, n_models: int) -> Pool:
    """Return a pool of simulated models, of which the originals have weights."""
    pool = Pool(task, path, "cpu", cache, PUBLIC_SECRET)
    facts = {"features": versions(FEATURES.values())}
    for role in ("original", "oracle"):
        for index in range(n_models):
            weights = b"weights of %d" % index if role == "original" else None
            pool.store(role).write(index, model(index), facts, weights)
    return pool


@pytest.fixture(scope="module")
def filled_pool(
    tiny_task: Task, loop_path: TrainingPath, tmp_path_factory: pytest.TempPathFactory
) -> Pool:
    """Return a simulated pool of 64 originals and oracles."""
    return filled(tiny_task, loop_path, tmp_path_factory.mktemp("cache"), N_MODELS)


def test_banks_read_and_hash_every_file_once(
    filled_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: Counter[str] = Counter()
    hashed: list[int] = []
    read, sha256 = entries.read_regular, hashlib.sha256

    def counted_read(path: Path, *more: Any) -> bytes:
        reads[f"{path.parent.parent.name} {path.name}"] += 1
        return read(path, *more)

    class Hashlib:
        """Counts the bytes that the store hashes."""

        @staticmethod
        def sha256(content: bytes) -> Any:
            hashed.append(len(content))
            return sha256(content)

    monkeypatch.setattr(entries, "read_regular", counted_read)
    monkeypatch.setattr(entries, "hashlib", Hashlib)
    banks = filled_pool.banks({"original": N_MODELS, "oracle": N_MODELS}, InlineEngine(1))
    np.testing.assert_array_equal(banks["oracle"].confidence()[5], model(5)["confidence_forget"])
    contents = {f"original {ARRAYS}", f"oracle {ARRAYS}", f"original {WEIGHTS}"}
    manifests = {f"original {MANIFEST}", f"oracle {MANIFEST}"}
    # A manifest is looked at before anything is trained, and again beside what it is of.
    assert reads == dict.fromkeys(contents, N_MODELS) | dict.fromkeys(manifests, 2 * N_MODELS)
    files_of = filled_pool.root.glob("*/[0-9]*/*.safetensors")
    assert sum(hashed) == sum(path.stat().st_size for path in files_of)


def test_damaged_weights_of_an_original_are_found_before_a_run_starts_from_them(
    tiny_task: Task, loop_path: TrainingPath, tmp_path: Path
) -> None:
    pool = filled(tiny_task, loop_path, tmp_path, 2)
    (pool.store("original").folder(1) / WEIGHTS).write_bytes(b"weights of 0")
    with pytest.raises(entries.DamagedEntry, match="00001/weights"):
        pool.bank("original", 2)


@pytest.mark.parametrize(("design", "is_view"), [("reuse-1", 1), ("reuse-8", 0), ("reuse-n", 1)])
def test_originals_of_runs_are_not_copied(filled_pool: Pool, design: str, is_view: int) -> None:
    originals = DESIGNS[design].originals(N_MODELS)
    bank = filled_pool.bank("original", max(originals) + 1)
    floor = bank.take(originals)
    assert floor.n_models == N_MODELS and list(floor.arrays) == list(bank.arrays)
    for name, array in bank.arrays.items():
        np.testing.assert_array_equal(floor.arrays[name], array[originals])
        is_shared = np.shares_memory(floor.arrays[name], array)
        assert is_shared == (bool(is_view) and array.size > 0), name
    np.testing.assert_array_equal(floor.accuracy("forget"), bank.accuracy("forget")[originals])


def looked_at(arrays: dict[str, np.ndarray]) -> Iterator[str]:
    """Yield the names of arrays that a bank of taken models looks up."""
    seen: list[str] = []

    class Watched(dict[str, np.ndarray]):
        def __getitem__(self, name: str) -> np.ndarray:
            seen.append(name)
            return super().__getitem__(name)

    bank = Bank(Watched(arrays)).take([0, 1, 0])
    bank.confidence("test")
    yield from seen


def test_of_taken_models_only_what_is_looked_at_is_put_together() -> None:
    stacked = Bank.stack([model(0), model(1)])
    assert list(looked_at(dict(stacked.arrays))) == ["confidence_test"]
