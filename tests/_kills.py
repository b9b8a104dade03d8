"""Processes that are killed at random moments of their work."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from typing import Any


def kill_while(work: Callable[..., object], arguments: tuple[Any, ...], after_s: float) -> bool:
    """Start work in a process and kill it; tell whether it was not finished by then."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    process.join(after_s)
    process.kill()
    process.join()
    if process.exitcode not in (0, -9):
        raise RuntimeError(f"the work ended by itself with code {process.exitcode}")
    return process.exitcode != 0


def moments(n_kills: int, longest_s: float) -> list[float]:
    """Return seconds after which to kill, most of them soon."""
    rng = random.Random(n_kills)
    return [longest_s * rng.random() ** 2 for _ in range(n_kills)]
