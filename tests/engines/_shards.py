"""Shard functions that the engine tests run in worker processes."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
from pathlib import Path
from typing import Any

from scorer.engines.base import Emit, Spec
from scorer.errors import ScorerError
from scorer.store import Store, claim


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


def die_of_large_groups(spec: Spec, emit: Emit) -> None:
    """Tell the size of groups, and end as a system without memory ends it unless that is 1."""
    emit({"group_size": spec["group_size"]})
    if spec["group_size"] > 1:
        os.kill(os.getpid(), signal.SIGKILL)


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

    emit(
        {
            "omp": os.environ["OMP_NUM_THREADS"],
            "torch": torch.get_num_threads(),
            "keeps_memory": "MALLOC_TRIM_THRESHOLD_" in os.environ,
        }
    )


def show_gpu(spec: Spec, emit: Emit) -> None:
    """Tell which GPU is visible, end by SIGKILL, and tell it again the second time."""
    emit({"number": spec["number"], "visible": os.environ.get("CUDA_VISIBLE_DEVICES")})
    marker = Path(spec["folder"], str(spec["number"]))
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def warn(spec: Spec, emit: Emit) -> None:
    """Warn alike on every worker and twice, worse than warn, say what is no warning, go on."""
    logger = logging.getLogger("scorer")
    for _ in range(2):
        logger.warning("%d%% alike", 100)
    logger.error("worse")
    logger.warning("only of %d", spec["number"])
    logger.info("nobody is told")
    logging.getLogger("other").warning("of somebody else")
    emit({"number": spec["number"]})


def take_units(spec: Spec, emit: Emit) -> None:
    """Make units once two shards have begun, and tell where; each ends by SIGKILL after its first.

    Started again it goes on with what is left.
    """
    folder, start = Path(spec["folder"]), str(spec["start"])
    begun, died = folder / "begun", folder / "died"
    for each in (begun, died):
        each.mkdir(exist_ok=True)
    (begun / start).touch()
    while len(list(begun.iterdir())) < 2:
        os.sched_yield()
    units = [(Store(folder / "made"), index) for index in spec["units"]]
    for ((store, index),) in claim(units, spec["start"], 1):
        store.write(index, {}, {})
        emit({"index": index, "start": start, "visible": os.environ.get("CUDA_VISIBLE_DEVICES")})
        if not (died / start).exists():
            (died / start).touch()
            os.kill(os.getpid(), signal.SIGKILL)


def wait_forever(spec: Spec, emit: Emit) -> None:
    """Tell the number of the process and never end."""
    emit({"pid": os.getpid()})
    while True:
        signal.pause()


def fail_or_wait(spec: Spec, emit: Emit) -> None:
    """Raise once the other shard has begun, or be that shard and never end."""
    begun = Path(spec["folder"], "begun")
    if spec["fails"]:
        while not begun.exists():
            os.sched_yield()
        raise ValueError("once the other has begun")
    emit({"pid": os.getpid()})
    begun.touch()
    while True:
        signal.pause()


def fail_as_kit(spec: Spec, emit: Emit) -> None:
    """Raise what the kit or the system says of a failure that is nobody else's."""
    if spec["kind"] == "kit":
        raise ScorerError("the reason, and what to do")
    if spec["kind"] == "disk":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/full")
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/frozen")


def say_much(spec: Spec, emit: Emit) -> None:
    """Emit one long event."""
    emit({"said": "x" * spec["n_bytes"]})


def train_on_two_nodes(spec: Spec, emit: Emit) -> None:
    """Train a share of a pool once two shards have begun; say on which Ray node each model was."""
    import ray

    from scorer.oracles.shard import train_shard

    begun = Path(spec["cache_dir"], "begun")
    begun.mkdir(exist_ok=True)
    (begun / str(spec["start"])).touch()
    while len(list(begun.iterdir())) < 2:
        os.sched_yield()
    node = ray.get_runtime_context().get_node_id()
    train_shard(spec, lambda event: emit({**event, "node": node}))


def train_and_die_once(spec: Spec, emit: Emit) -> None:
    """Train a share of a pool; the first process to make a model ends by SIGKILL."""
    from scorer.oracles.shard import train_shard

    def emit_and_die(event: dict[str, Any]) -> None:
        emit(event)
        with contextlib.suppress(FileExistsError):
            Path(spec["cache_dir"], "died").touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)

    train_shard(spec, emit_and_die)
