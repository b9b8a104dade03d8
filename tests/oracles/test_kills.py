"""A pool that is killed as it grows: nothing finished is lost, nothing wrong is accepted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from scorer.files import DAMAGED, TEMPORARY, sweep
from scorer.oracles.pool import Pool
from scorer.store import MANIFEST
from tests._engine import InlineEngine
from tests._kills import kill_while, moments

N_MODELS = 4
WANTED = {"original": 1, "oracle": N_MODELS, "control": N_MODELS}


def grow(pool: Pool) -> None:
    """Make the pool in this process."""
    Pool.open(pool.task, pool.path, pool.device, pool.cache_dir, pool.secret).ensure(
        WANTED, InlineEngine(1)
    )


@pytest.mark.parametrize("n_kills", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_as_it_grows_it_ends_with_the_same_bytes(
    tiny_pool: Pool, tmp_path: Path, n_kills: int
) -> None:
    n_killed = turn = 0
    for after_s in moments(10 * n_kills, 0.5):
        pool = dataclasses.replace(tiny_pool, cache_dir=tmp_path / str(turn))
        before = finished(pool)
        is_killed = kill_while(grow, (pool,), after_s)
        n_killed += is_killed
        after = finished(pool)
        assert before.items() <= after.items(), "something finished was lost or changed"
        assert pool.repair() == [], "something half was taken for whole"
        assert after.items() <= finished(tiny_pool).items()
        if not is_killed:
            check_whole(pool, tiny_pool)
            turn += 1
        if n_killed == n_kills:
            break
    assert n_killed == n_kills
    pool = dataclasses.replace(tiny_pool, cache_dir=tmp_path / str(turn))
    grow(pool)
    check_whole(pool, tiny_pool)


def finished(pool: Pool) -> dict[str, bytes]:
    """Return the manifests of a pool by their place."""
    paths = pool.root.glob(f"*/[0-9]*/{MANIFEST}")
    return {str(path.relative_to(pool.root)): path.read_bytes() for path in paths}


def check_whole(pool: Pool, reference: Pool) -> None:
    """Hold a pool against one that was never interrupted; nothing else may lie beside it."""
    for role, n_models in WANTED.items():
        np.testing.assert_array_equal(
            pool.bank(role, n_models).confidence(), reference.bank(role, n_models).confidence()
        )
    sweep(pool.cache_dir)
    for kind in (TEMPORARY, DAMAGED):
        assert not list(pool.cache_dir.rglob(f"{kind}*"))
