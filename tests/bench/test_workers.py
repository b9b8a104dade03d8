"""Worker processes of a bench: they start as the kit's own do, and a death is said."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from scorer.bench._fair import Side
from scorer.bench._workers import Job, Workers, steps_of
from scorer.engines.base import MALLOC_KEEP_BYTES
from scorer.errors import ScorerError
from scorer.training.paths import TrainingPath
from tests.conftest import tiny_definition

JOB = Job(tiny_definition(), Path("none"), 70, TrainingPath("stacked", 2, "cpu", "float32"))


def test_a_worker_has_the_kits_environment_and_its_death_is_said() -> None:
    before = dict(os.environ)
    with Workers(1, JOB) as workers:
        assert dict(os.environ) == before
        (worker,) = workers._workers
        found = worker.submit(os.getenv, "MALLOC_TRIM_THRESHOLD_").result()
        assert found == MALLOC_KEEP_BYTES
        os.kill(worker.submit(os.getpid).result(), signal.SIGKILL)
        with pytest.raises(ScorerError, match="a worker of a bench died at gemm"):
            workers.run(Side("gemm", 1, 1), 1)


def test_a_training_goes_on_from_turn_to_turn() -> None:
    assert steps_of(JOB, 0, "tensor_loop") is steps_of(JOB, 0, "tensor_loop")
    assert steps_of(JOB, 0, "tensor_loop") is not steps_of(JOB, 1, "tensor_loop")
    with pytest.raises(KeyError, match="nobody"):
        steps_of(JOB, 0, "nobody")
