"""Hosts for tests: one of a tier, on the sets and an original of a pool's task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from scorer.oracles.pool import Pool
from scorer.runner.adapt import code_of
from scorer.runner.adapt.code import MAIN
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import Sandbox

START = "import torch\ndef unlearning(net, retain, forget, val):\n"


@contextmanager
def host_of(
    pool: Pool, sandbox: Sandbox, device: str = "cpu", **changes: Any
) -> Iterator[SubmissionHost]:
    """Start a host with the sets and an original of a pool's task."""
    task = pool.task
    sets = {}
    for name in ("retain", "forget", "val"):
        sets[f"{name}_images"], sets[f"{name}_labels"] = task.images(name), task.labels(name)
    settings = {
        "recipe": asdict(task.definition.recipe),
        "n_channels": 1,
        "n_classes": 10,
        "device": device,
        "gpu_share": 0.5,
        "timeout_s": 3.0 if device == "cpu" else 60.0,
        "reference_timeout_s": 60.0,
        "memory_mib": 3000.0,
        **changes,
    }
    with SubmissionHost(sandbox=sandbox, settings=settings, sets=sets) as started:
        started.set_original(pool.original_weights(0))
        yield started


def function(body: str) -> str:
    """Return a submission whose function has this body."""
    return START + "".join(f"    {line}\n" for line in body.splitlines())


def run(host: SubmissionHost, body: str, seed: int = 1) -> tuple[Any, dict[str, Any]]:
    """Run a submission whose function has this body."""
    return run_file(host, function(body), seed)


def run_file(
    host: SubmissionHost, source: str | bytes, seed: int = 1
) -> tuple[Any, dict[str, Any]]:
    """Run a submission from its source."""
    set_file(host, source)
    return host.run(seed)


def set_file(host: SubmissionHost, source: str | bytes) -> None:
    """Let the next runs be of a file with this source."""
    source = source if isinstance(source, bytes) else source.encode()
    host.set_code(code_of({MAIN: source}), "submission/mine.py")
