"""Shard functions that the engine tests run in worker processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from scorer.engines.base import Emit, Spec


def write_square(spec: Spec, emit: Emit) -> None:
    """Write the square of a number and say so; what is printed must not disturb."""
    print("noise on stdout")
    Path(spec["folder"], str(spec["number"])).write_text(str(spec["number"] ** 2))
    emit({"number": spec["number"]})


def die_once(spec: Spec, emit: Emit) -> None:
    """End by SIGKILL the first time, succeed the second."""
    marker = Path(spec["folder"], "died")
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    emit({"alive": True})


def die_always(spec: Spec, emit: Emit) -> None:
    """End by SIGKILL every time, counting."""
    with Path(spec["folder"], "deaths").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)


def fail(spec: Spec, emit: Emit) -> None:
    """Raise."""
    raise ValueError("the reason in the worker")


def show_environment(spec: Spec, emit: Emit) -> None:
    """Tell how many threads the worker may use."""
    import torch

    emit({"omp": os.environ["OMP_NUM_THREADS"], "torch": torch.get_num_threads()})
