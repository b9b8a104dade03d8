"""Work shared between processes: every unit once, none waited for that is made already."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np

from scorer.store import Store, claim

ARRAY = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}


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
