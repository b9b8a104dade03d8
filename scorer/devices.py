"""Devices by name: which GPUs are meant, and how each process comes to see one of them.

A process that computes sees one GPU, as `CUDA_VISIBLE_DEVICES` lets it, so that whatever it calls
the current device is the right one. The process that shares work out sees all and computes on the
first that was named.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from scorer.errors import UsageError

FORMS = ("auto", "cpu", "cuda", "cuda:2", "cuda:0,1")
"""What may be typed: a GPU if there is one, the CPU, all GPUs that are visible, or some of them."""

NUMBERED = re.compile(r"cuda:([0-9]{1,4}(?:,[0-9]{1,4})*)")

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""What CUDA shows of a machine's GPUs: their numbers or UUIDs, in the order in which they count."""


def visible_gpus() -> tuple[str, ...]:
    """Return the model of every GPU that this process sees, in the order of their numbers."""
    import torch

    if not torch.cuda.is_available():
        return ()
    return tuple(torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count()))


def chosen_gpus(device: str) -> tuple[int, ...]:
    """Return the numbers of the GPUs that a text names, in its order; none for the CPU.

    Args:
        device: of one of the `FORMS`.

    Raises:
        UsageError: it is of none, names a GPU twice, or one that is not there.
    """
    if device == "cpu":
        return ()
    numbers = numbers_of(device)
    return choose(device, numbers, visible_gpus())


def numbers_of(device: str) -> tuple[int, ...] | None:
    """Return the numbers that stand in a text, None where it leaves them open.

    Raises:
        UsageError: it is of none of the `FORMS`, or names a GPU twice.
    """
    if device in ("auto", "cuda"):
        return None
    found = NUMBERED.fullmatch(device)
    if not found:
        raise UsageError(
            f"unknown device {device!r}; --device takes auto, cpu, cuda for all GPUs, or some of"
            " them by number, such as cuda:2 or cuda:0,1"
        )
    numbers = tuple(map(int, found[1].split(",")))
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"--device must name each GPU once, got {device}")
    return numbers


def choose(device: str, numbers: Sequence[int] | None, models: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the GPUs that are meant, among those that are there.

    Args:
        device: what a user typed, for messages.
        numbers: that stand in it; None for all.
        models: of the GPUs that are there, in the order of their numbers.

    Raises:
        UsageError: one is not there, or there is none and one has to be.
    """
    if numbers is None:
        if device == "cuda" and not models:
            raise UsageError("--device cuda needs a CUDA device, found none; use --device cpu")
        return tuple(range(len(models)))
    missing = [f"cuda:{number}" for number in numbers if number >= len(models)]
    if missing:
        there = ", ".join(f"cuda:{n} ({model})" for n, model in enumerate(models))
        raise UsageError(
            f"--device {device} names {' and '.join(missing)}, which is not there; visible are"
            f" {there or 'none: use --device cpu'}"
        )
    return tuple(numbers)


def pins(numbers: Sequence[int], environment: Mapping[str, str]) -> list[str]:
    """Return what `CUDA_VISIBLE_DEVICES` must be for a process to see one GPU, for each of them.

    Args:
        numbers: as this process counts its GPUs.
        environment: of this process. Where it shows some of the GPUs alone they are counted among
            these, whether as numbers or as UUIDs.
    """
    shown = environment.get(VISIBLE)
    if shown is None:
        return [str(number) for number in numbers]
    names = [name.strip() for name in shown.split(",")]
    return [names[number] for number in numbers]


def use_first(numbers: Sequence[int]) -> None:
    """Let this process compute on the first of its GPUs that was named."""
    if numbers:
        import torch

        torch.cuda.set_device(numbers[0])


def pin_of_shard(number: int, gpus: Sequence[int]) -> dict[str, str]:
    """Return the variable that shows the process of a shard its GPU; they take turns.

    Args:
        number: of the shard, from 0.
        gpus: numbers of those that work is shared among; with none nothing is set.
    """
    if not gpus:
        return {}
    return {VISIBLE: pins(gpus, os.environ)[number % len(gpus)]}
