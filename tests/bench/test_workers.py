"""Worker processes of a bench: they start as the kit's own do, and a death is said."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count

import pytest

from scorer.bench._fair import Side
from scorer.bench._workers import Workers, kept_step
from scorer.engines.base import MALLOC_KEEP_BYTES
from scorer.errors import ScorerError


def counting(number: int, way: str) -> Callable[[], int]:
    """Return a step that tells how many there were before."""
    return count().__next__


def test_a_worker_has_the_kits_environment_and_its_death_is_said() -> None:
    before = dict(os.environ)
    with Workers(1, counting) as workers:
        assert dict(os.environ) == before
        (worker,) = workers._workers
        found = worker.submit(os.getenv, "MALLOC_TRIM_THRESHOLD_").result()
        assert found == MALLOC_KEEP_BYTES
        os.kill(worker.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(ScorerError, match="a worker of a bench died at kit"):
            workers.run(Side("kit", 1, 1), 1)


def test_work_goes_on_from_turn_to_turn() -> None:
    assert [kept_step(counting, 0, "kit")() for _ in range(3)] == [0, 1, 2]
    assert kept_step(counting, 1, "kit")() == 0
    assert kept_step(counting, 0, "gemm")() == 0
    assert kept_step(counting, 0, "kit")() == 3
