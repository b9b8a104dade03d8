"""The distributed engine: shards as tasks of a Ray cluster, on one machine or on many.

The cluster is the one at `RAY_ADDRESS` ("host:port"); without it one is started on this machine
for each call of `run` and shut down at its end. With several machines this command must run on one
of them, and all must see this project, its Python environment and the cache folder under the same
paths, as on a shared file system: specs carry paths, and results are files.

Whoever reaches a Ray cluster can run code on it, so it belongs in a trusted network. A submission's
code never runs in a Ray worker: the shard function starts the sandboxed process that it runs in.
"""

from __future__ import annotations

import importlib
import logging
import math
import os
import secrets
import signal
import socket
import tempfile
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from scorer.devices import VISIBLE, visible_gpus
from scorer.engines.base import (
    MAX_ATTEMPTS,
    Emit,
    Engine,
    Listener,
    ShardFailed,
    Spec,
    after_death,
    is_on_gpu,
    worker_environment,
)
from scorer.engines.local import LAST_LINES
from scorer.engines.shard import call
from scorer.errors import ScorerError, UsageError
from scorer.processes import STOPS
from scorer.settings import PROJECT_ROOT

CONNECT_TIMEOUT_S = 5.0
"""How long the address of a cluster may take to accept a connection."""

POLL_S = 0.2
"""How often progress is asked for while no shard ends."""

OBJECT_STORE_BYTES = 100 * 2**20
"""Shared memory of a cluster of our own: specs and events are small, arrays go through files."""

GPU_UNITS = 10_000
"""Ray counts a GPU in parts of 1/10000 and rounds what is asked for to them."""


class RayEngine(Engine):
    """Runs each shard in a Ray worker process of its own, one processor each.

    On CUDA the workers share the GPUs of the cluster evenly.
    """

    def __init__(self, n_workers: int | None = None, gpus: Sequence[int] = ()) -> None:
        """Find Ray, and the cluster where an address is given.

        Args:
            n_workers: default one a processor of the cluster.
            gpus: all that this machine has, or none: Ray hands out those of its cluster.

        Raises:
            ScorerError: Ray is not installed, or the cluster does not answer.
            UsageError: `RAY_ADDRESS` is not of the form "host:port", or some GPUs are named.
        """
        if gpus and len(gpus) < len(visible_gpus()):
            raise UsageError(
                "--engine ray hands out all GPUs of its cluster, got some by number; use --device"
                f" cuda, and set {VISIBLE} where the cluster is started to keep some from it"
            )
        super().__init__(n_workers, gpus)
        try:
            importlib.import_module("ray")
        except ImportError as error:
            raise ScorerError(
                "--engine ray needs the optional package ray, which cannot be imported"
                f" ({error}); run `make env EXTRA=ray`, or `pip install ray -c constraints.txt`"
            ) from error
        self.address = os.environ.get("RAY_ADDRESS") or None
        if self.address is not None:
            with connected(self.address, self.n_workers):
                n_cpus, n_gpus = (int(_cluster_total(each)) for each in ("CPU", "GPU"))
                self.n_machines = _n_machines()
            if n_cpus < 1:
                raise ScorerError(f"the Ray cluster at {self.address} must have CPUs, got none")
            self.n_workers = n_workers or n_cpus
            # A cluster has other GPUs than this machine, and shares them by itself.
            self.gpus, self.n_gpus = (), n_gpus

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """See `Engine.run`; Ctrl-C or a failed shard ends the others."""
        if not specs:
            return
        with connected(self.address, self.n_workers):
            import ray

            events = _make_queue()
            task = self._make_task(specs)
            listener = Listener(on_event)
            waiting = deque((spec, 1) for spec in specs)
            running: dict[Any, tuple[Spec, int]] = {}
            try:
                while waiting or running:
                    while waiting and len(running) < self.n_workers:
                        spec, attempt = waiting.popleft()
                        reference = task.remote(function, dict(spec), events)
                        running[reference] = (spec, attempt)
                    ended, _ = ray.wait(list(running), timeout=POLL_S)
                    for event in events.get_nowait_batch(events.qsize()):
                        listener(event)
                    for reference in ended:
                        spec, attempt = running.pop(reference)
                        if not _finished(reference, function, attempt):
                            waiting.append((after_death(spec), attempt + 1))
            finally:
                for reference in running:
                    ray.cancel(reference, force=True)

    def _make_task(self, specs: Sequence[Spec]) -> Any:
        """Return the remote function, asking for a share of a GPU where shards run on one."""
        import ray

        num_gpus = 0.0
        if any(map(is_on_gpu, specs)):
            num_gpus = gpu_share(min(self.n_workers, len(specs)), _cluster_total("GPU"))
        # Ray starts its workers itself, so that a path is the only way to say whose code they run.
        path = [str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        # Retries are counted here and not by Ray, which repeats a task that ran out of memory
        # without end. max_calls=1 gives every shard a fresh process, and with it the GPU's memory.
        return ray.remote(
            num_cpus=1,
            num_gpus=num_gpus,
            max_calls=1,
            max_retries=0,
            scheduling_strategy="SPREAD",
            runtime_env={"env_vars": worker_environment({"PYTHONPATH": os.pathsep.join(path)})},
        )(run_in_worker)


def run_in_worker(function: str, spec: Spec, events: Any) -> tuple[str, bool]:
    """Run a shard in a Ray worker; return "", or why it raised, and whether it said so itself.

    What it did not say itself are the last lines of a traceback. All travels as text, because an
    exception may hold what cannot be pickled.
    """
    os.chdir(PROJECT_ROOT)
    try:
        # `put` returns once the driver's side has the event, so a later death cannot lose it.
        call(function, spec, events.put)
    except ScorerError as error:
        return str(error), True
    except (Exception, SystemExit):
        return "\n".join(traceback.format_exc().splitlines()[-LAST_LINES:]), False
    return "", True


def gpu_share(n_workers: int, n_gpus: float) -> float:
    """Return the part of a GPU that each worker asks for, so that all run at once.

    Raises:
        ScorerError: the cluster has no GPU.
    """
    if n_gpus < 1:
        raise ScorerError("the Ray cluster must have a GPU for --device cuda, got none")
    per_gpu = math.ceil(n_workers / int(n_gpus))
    return math.floor(GPU_UNITS / per_gpu) / GPU_UNITS


@contextmanager
def connected(address: str | None, n_cpus: int) -> Iterator[None]:
    """Be connected to the cluster at the address, or to one of our own with `n_cpus` processors.

    Raises:
        ScorerError: it does not answer or does not start.
        UsageError: the address is not of the form "host:port".
    """
    import ray

    with ExitStack() as stack:
        if address is not None:
            check_answers(address)
            options: dict[str, Any] = {"address": address}
        else:
            # The folder is short-lived and its path short: sockets in it may not exceed 107 bytes.
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
            )
            options = {
                "address": "local",
                "num_cpus": n_cpus,
                "include_dashboard": False,
                "object_store_memory": OBJECT_STORE_BYTES,
                "_temp_dir": folder,
            }
            # Given a token, Ray need not write one to the home folder. It keeps the first that it
            # sees in a process, so this stays set.
            if "RAY_AUTH_TOKEN_PATH" not in os.environ:
                os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Ray has handlers of its own for what ends a command; the command's are the kit's.
        handlers = {number: signal.getsignal(number) for number in STOPS}
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        except (RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
            where = f"cannot join the Ray cluster at {address}" if address else "cannot start Ray"
            raise ScorerError(f"{where}: {error}") from error
        finally:
            if threading.current_thread() is threading.main_thread():
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        stack.callback(ray.shutdown)
        yield


def check_answers(address: str) -> None:
    """Raise soon where nothing listens; Ray itself would try for more than a minute.

    Raises:
        ScorerError: nothing accepts a connection there.
        UsageError: the address is not of the form "host:port".
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UsageError(
            f'RAY_ADDRESS must be "host:port", got {address!r}; join this machine to the cluster'
            " with `ray start --address=host:port` and run the command on it, or unset RAY_ADDRESS"
            " to start a cluster here"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise ScorerError(
            f"no Ray cluster answers at RAY_ADDRESS {address} ({error}); start one with `ray start"
            " --head`, correct the address, or unset RAY_ADDRESS to start a cluster here"
        ) from error


def _make_queue() -> Any:
    """Return the queue of events; it lives on this machine, so no other machine's loss ends it."""
    import ray
    from ray.util.queue import Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})


def _finished(reference: Any, function: str, attempt: int) -> bool:
    """Tell whether an ended shard did its work; False if it died and may be started again."""
    import ray
    from ray.exceptions import (
        LocalRayletDiedError,
        NodeDiedError,
        OutOfMemoryError,
        WorkerCrashedError,
    )

    what = f"a worker running {function}"
    kept = f"on attempt {attempt} of {MAX_ATTEMPTS}; what it finished is kept"
    try:
        reason, is_said = ray.get(reference)
    except (WorkerCrashedError, NodeDiedError, LocalRayletDiedError, OutOfMemoryError) as error:
        if attempt < MAX_ATTEMPTS:
            return False
        raise ShardFailed(f"{what} died {kept}. Ray says:\n{error}") from error
    except ray.exceptions.RayError as error:
        raise ShardFailed(f"{what} could not run {kept}. Ray says:\n{error}") from error
    if reason:
        raise ShardFailed(reason if is_said else f"{what} raised {kept}. Its last lines:\n{reason}")
    return True


def _n_machines() -> int:
    """Return how many machines the cluster has, at least 1."""
    import ray

    return max(1, sum(bool(node["Alive"]) for node in ray.nodes()))


def _cluster_total(resource: str) -> float:
    """Return how much of "CPU" or "GPU" the whole cluster has."""
    import ray

    return float(ray.cluster_resources().get(resource, 0.0))
