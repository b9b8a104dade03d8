"""Which arrangement is a rival's best, which rounds count, and how the processes work."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from scorer.bench._sides import (
    GRANTED,
    OF_BEST,
    Side,
    Workers,
    best_arrangements,
    fair_rounds,
    kept_step,
)
from scorer.bench._timing import Turns
from scorer.engines.base import MALLOC_KEEP_BYTES
from scorer.errors import ScorerError

KIT = Side("kit", 2, 1)
THREADS, PROCESSES = Side("loop", 1, 2), Side("loop", 2, 1)


def turns_of(seconds: list[float], granted: float = 1.0, n_processes: int = 2) -> Turns:
    """Return turns of one unit of work whose processes had a share of their processors."""
    taken = np.array(seconds)
    return Turns(1.0, taken, granted * n_processes * taken)


@pytest.mark.parametrize(
    ("threads_s", "processes_s", "best"),
    [
        ([2.0, 2.0], [1.0, 1.0], PROCESSES),
        ([1.0, 1.0], [2.0, 2.0], THREADS),
        # Its best round counts, not the rounds that others spoiled.
        ([1.0, 90.0, 90.0], [2.0, 2.0, 2.0], THREADS),
    ],
)
def test_the_arrangement_with_the_fastest_round_is_the_rival(
    threads_s: list[float], processes_s: list[float], best: Side
) -> None:
    turns = {KIT: turns_of([1.0] * len(threads_s))}
    turns |= {THREADS: turns_of(threads_s), PROCESSES: turns_of(processes_s)}
    assert best_arrangements(turns) == {"kit": KIT, "loop": best}


def test_a_round_in_which_a_side_collapses_does_not_count() -> None:
    just_good, collapsed = 1.0 / OF_BEST, 30.0
    spoiled, steady = turns_of([1.0, just_good, collapsed, 1.1]), turns_of([1.0] * 4)
    assert fair_rounds({KIT: steady, THREADS: spoiled}) == [0, 1, 3]
    assert fair_rounds({KIT: spoiled, THREADS: steady}) == [0, 1, 3]


def test_the_collapse_of_the_worse_arrangement_does_not_matter() -> None:
    turns = {KIT: turns_of([1.0] * 3), THREADS: turns_of([3.0, 90.0, 3.0])}
    assert fair_rounds({**turns, PROCESSES: turns_of([2.0] * 3)}) == [0, 1, 2]
    assert fair_rounds({**turns, PROCESSES: turns_of([4.0] * 3)}) == [0, 2]


def test_no_round_counts_where_processors_were_not_granted() -> None:
    # As fast in all rounds, so that only the processor time tells that others had a part.
    robbed, nearly_whole = turns_of([1.0] * 3, granted=2 / 3), turns_of([1.0] * 3, GRANTED + 0.01)
    assert fair_rounds({KIT: robbed, PROCESSES: nearly_whole}) == []
    assert fair_rounds({KIT: nearly_whole, PROCESSES: robbed}) == []
    assert fair_rounds({KIT: nearly_whole, PROCESSES: nearly_whole}) == [0, 1, 2]


def test_threads_of_one_process_may_wait_for_each_other() -> None:
    waiting = turns_of([1.0] * 3, granted=0.6, n_processes=1)
    assert fair_rounds({KIT: turns_of([1.0] * 3), THREADS: waiting}) == [0, 1, 2]


def test_an_arrangement_says_what_it_is() -> None:
    assert Side("kit", 2, 1).arrangement == "2 processes x 1 thread"
    assert Side("kit", 1, 16).arrangement == "1 process x 16 threads"


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
