"""Entries on disk: whole or absent, verified, shared between processes."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from scorer.store import ARRAYS, MANIFEST, WEIGHTS, DamagedEntry, Store, claim

ARRAY = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}


def test_round_trip_keeps_values_and_dtypes(tmp_path: Path) -> None:
    store = Store(tmp_path / "role")
    store.write(3, {**ARRAY, "hit": np.array([True, False])}, {"seed": 7}, b"weights")
    read = store.read(3)
    assert read["x"].dtype == np.float32
    assert read["hit"].tolist() == [True, False]
    np.testing.assert_array_equal(read["x"], ARRAY["x"])
    assert store.content(3, WEIGHTS) == b"weights"
    assert store.manifest(3)["seed"] == 7
    assert store.missing(5) == [0, 1, 2, 4]


def test_a_committed_entry_is_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {"seed": 1})
    store.write(0, {"x": np.zeros((1, 1))}, {"seed": 2})
    assert store.manifest(0)["seed"] == 1
    assert store.read(0)["x"].shape == (2, 3)
    assert not list(tmp_path.glob(".tmp-*"))


def test_an_outdated_entry_is_missing_until_it_is_replaced(tmp_path: Path) -> None:
    Store(tmp_path).write(0, ARRAY, {"edition": 1})
    store = Store(tmp_path, lambda manifest: manifest["edition"] == 2)
    assert store.outdated(2) == [0]
    assert store.missing(2) == [0, 1]
    store.write(0, {"x": np.zeros((1, 1))}, {"edition": 2})
    assert store.outdated(2) == []
    assert store.missing(2) == [1]
    assert store.read(0)["x"].shape == (1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["00000"]


def test_whether_a_damaged_entry_is_current_is_left_to_who_reads_it(tmp_path: Path) -> None:
    Store(tmp_path).write(0, ARRAY, {})
    store = Store(tmp_path, lambda manifest: False)
    (store.folder(0) / MANIFEST).write_text("{")
    assert store.has(0)
    with pytest.raises(DamagedEntry):
        store.read(0)


@pytest.mark.parametrize("position", [0, 40, -1])
def test_a_flipped_bit_is_noticed(tmp_path: Path, position: int) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    path = store.folder(0) / ARRAYS
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedEntry, match="SHA-256"):
        store.read(0)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sha256": {}}'])
def test_a_damaged_manifest_is_noticed(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    (store.folder(0) / MANIFEST).write_text(text)
    with pytest.raises(DamagedEntry):
        store.read(0)


def test_a_missing_file_is_damage(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    (store.folder(0) / ARRAYS).unlink()
    with pytest.raises(DamagedEntry):
        store.read(0)


def test_quarantine_makes_room_and_keeps_the_evidence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    store.write(0, ARRAY, {})
    aside = store.quarantine(0, "a reason")
    assert not store.has(0)
    assert (aside / ARRAYS).exists()
    assert "a reason" in caplog.text
    store.write(0, ARRAY, {})
    assert store.has(0)


def _write_with_small_disk(folder: str) -> None:
    """Try to write more than the process may."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        Store(Path(folder)).write(0, {"x": np.zeros(10_000)}, {})
    except OSError:
        os._exit(7)
    os._exit(0)


def test_a_full_disk_stops_loudly_and_leaves_nothing(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_write_with_small_disk, args=(str(tmp_path),)
    )
    process.start()
    process.join()
    assert process.exitcode == 7
    assert list(tmp_path.iterdir()) == []


def test_claim_covers_every_unit_once_from_any_start(tmp_path: Path) -> None:
    a, b = Store(tmp_path / "a"), Store(tmp_path / "b")
    units = [(a, 0), (a, 1), (a, 2), (b, 0), (b, 1)]
    a.write(1, ARRAY, {})
    groups = []
    for group in claim(units, start=3, group_size=2):
        groups.append([(store.root.name, index) for store, index in group])
        for store, index in group:
            store.write(index, ARRAY, {})
    units_seen = sorted(unit for group in groups for unit in group)
    assert units_seen == [
        ("a", 0),
        ("a", 2),
        ("b", 0),
        ("b", 1),
    ]
    assert groups[0] == [("b", 0), ("b", 1)]
    assert all(len({name for name, _ in group}) == 1 for group in groups)


def _claim_all(folder: str, start: int, made: multiprocessing.Queue[int]) -> None:
    """Claim ten units and tell which ones this process made."""
    store = Store(Path(folder))
    for group in claim([(store, index) for index in range(10)], start, 1):
        for _, index in group:
            store.write(index, ARRAY, {})
            made.put(index)


def test_two_processes_share_the_work(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    made: multiprocessing.Queue[int] = context.Queue()
    workers = [
        context.Process(target=_claim_all, args=(str(tmp_path), start, made)) for start in (0, 5)
    ]
    for worker in workers:
        worker.start()
    indices = [made.get(timeout=60) for _ in range(10)]
    for worker in workers:
        worker.join()
    assert sorted(indices) == list(range(10))
    assert made.empty()
