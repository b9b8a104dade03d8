"""Writers killed at random: what they finished stays, and nothing half is taken for whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scorer.files import DAMAGED, TEMPORARY, sweep
from scorer.secret import PUBLIC_SECRET, create_secret, read_secret
from scorer.store import ARRAYS, Seal, Store
from tests._kills import kill_while, moments

OWN = Seal("tests", PUBLIC_SECRET)


def array(index: int) -> dict[str, np.ndarray]:
    return {"x": np.full(2000, index)}


def write_and_damage(root: str, start: int) -> None:
    """Write entries, damage one and mend it, for ever."""
    store = Store(Path(root), seal=OWN)
    for index in range(start, 99_999):
        store.write(index, array(index), {"twice": 2 * index})
        (store.folder(index) / ARRAYS).unlink()
        store.repair(index + 1, deep=False)
        store.quarantine(index, "for the test")
        store.write(index, array(index), {"twice": 2 * index})


@pytest.mark.parametrize("n_kills", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_writers_leave_whole_entries_or_none(tmp_path: Path, n_kills: int) -> None:
    store, finished, patience = Store(tmp_path, seal=OWN), set[int](), 1.0
    for after_s in moments(n_kills, 0.12):
        start = max(finished, default=-1) + 1
        kill_while(write_and_damage, (str(tmp_path), start), patience * after_s)
        damaged = {int(path.name[len(DAMAGED) :][:5]) for path in store.repair()}
        assert damaged <= {max(finished | damaged, default=0)}, "only the one under work"
        now = {index for index in range(start + 500) if store.has(index)}
        assert finished <= now
        if finished == now:
            patience *= 1.2  # a busy machine gives the writer no time
        finished = now
        for index in finished:
            assert store.manifest(index)["twice"] == 2 * index
            np.testing.assert_array_equal(store.read(index)["x"], array(index)["x"])
    sweep(tmp_path)
    assert finished and not list(tmp_path.glob(f"{TEMPORARY}*"))


def create_secrets(root: str) -> None:
    """Create secrets for ever."""
    for number in range(99_999):
        create_secret(Path(root, str(number)), PUBLIC_SECRET)


def test_killed_creators_leave_whole_secrets_or_none(tmp_path: Path) -> None:
    for turn, after_s in enumerate(moments(20, 0.05)):
        root = tmp_path / f"turn-{turn}"
        kill_while(create_secrets, (str(root),), after_s)
        sweep(tmp_path)
        for path in root.glob("*"):
            assert read_secret(path) == PUBLIC_SECRET
