"""What keeps something from working on this machine: one line each, with what to do."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.settings import PROJECT_ROOT, is_checkout

GOOD, NOTE, BAD = "good", "could be better", "bad"

LEAST_PYTHON = (3, 11)
LEAST_FREE_GIB = 2.0
MUCH_USELESS_MIB = 100.0
MIB = 2**20
OPTIONAL = ("ray",)
PINS = PROJECT_ROOT / "constraints.txt"
GPU_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    Attributes:
        what: it is.
        state: "good", "could be better" or "bad".
        found: what is there.
        to_do: how it gets better, empty where it need not.
    """

    what: str
    state: str
    found: str
    to_do: str = ""


def health_lines(facts: Mapping[str, Any]) -> list[Line]:
    """Return a line for everything that `doctor` looks at.

    Args:
        facts: as `scorer.cli.doctor.examine` found them.
    """
    return [
        _python(facts["machine"]["python"]),
        _packages(facts["packages"]),
        _device(facts["machine"]),
        _memory(facts["memory"]),
        _sandbox(facts),
        _disk(facts["disk"]),
        _pools(facts["cache"]),
        _useless(facts["cache"]),
        _data(facts["data"]),
    ]


def pins(path: Path = PINS) -> dict[str, str]:
    """Return the release that each package is pinned at, none outside a checkout."""
    if not is_checkout() or not path.is_file():
        return {}
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", path.read_text(), re.MULTILINE))


def _python(version: str) -> Line:
    least = ".".join(map(str, LEAST_PYTHON))
    if sys.version_info[:2] >= LEAST_PYTHON:
        return Line("Python", GOOD, version)
    return Line(
        "Python", BAD, version, f"{least} or newer is needed: make env PYTHON=python{least}"
    )


def _packages(found: Mapping[str, str | None]) -> Line:
    missing = [name for name, version in found.items() if not version and name not in OPTIONAL]
    if missing:
        return Line("packages", BAD, f"not installed: {', '.join(missing)}", "make env")
    wanted = pins()
    others = [
        f"{name} {version} in place of {wanted[name]}"
        for name, version in found.items()
        if version and name in wanted and version.split("+")[0] != wanted[name]
    ]
    if others:
        do = "make env takes the pinned ones; models of another torch are kept apart"
        return Line("packages", NOTE, ", ".join(others), do)
    as_what = "as pinned" if wanted else "there"
    return Line("packages", GOOD, f"all {as_what}")


def _device(machine: Mapping[str, Any]) -> Line:
    found = f"{machine['device']}: {machine['device_name']}, "
    found += "1 core" if machine["cores"] == 1 else f"{machine['cores']} cores"
    if machine["device"] == "cpu" and GPU_DRIVER.exists():
        do = "install the torch packages of its driver: make env TORCH=..., or see --device"
        return Line("device", NOTE, f"{found}; a GPU is there that is not used", do)
    return Line("device", GOOD, found)


def _memory(memory: Mapping[str, Any]) -> Line:
    found = f"{memory['free_gib']:.1f} GiB free of {memory['total_gib']:.1f}"
    plans = memory["plans"]
    if not plans:
        return Line("memory", BAD, found, memory["reason"])
    training, runs = plans["training"], plans["runs"]
    return Line(
        "memory",
        GOOD,
        f"{found}; for {memory['n_models']} models of {memory['task']}"
        f" {training['n_workers']} at work train up to {training['k']} at once,"
        f" {training['worker_bytes'] / MIB:.0f} MiB each; {runs['n_workers']} at work run"
        f" submissions, {runs['worker_bytes'] / MIB:.0f} MiB each",
    )


def _sandbox(facts: Mapping[str, Any]) -> Line:
    best, tiers = facts["sandbox"], facts["sandboxes"]  # the best first
    order = list(tiers)
    if best == order[0]:
        return Line("sandbox", GOOD, f"{best}, the best tier")
    reasons = "; ".join(
        f"for {name}: {tiers[name]['reason']}" for name in order[: order.index(best)]
    )
    return Line("sandbox", BAD if best == order[-1] else NOTE, best, reasons)


def _disk(disk: Mapping[str, float]) -> Line:
    found = f"{disk['free_gib']:.1f} GiB free of {disk['total_gib']:.1f}"
    if disk["free_gib"] < LEAST_FREE_GIB:
        return Line("disk", BAD, found, "make room, or set CACHE_DIR to a folder of another disk")
    return Line("disk", GOOD, found)


def _pools(cache: Mapping[str, Any]) -> Line:
    found = f"{cache['pools']} pools of models, {cache['models']} models in {cache['path']}"
    damaged = [
        f"{cache[name]} {what}"
        for name, what in (("damaged", "damaged models"), ("without_secret", "damaged pools"))
        if cache[name]
    ]
    if damaged:
        do = "the next score makes them again; `oracles --verify` does at once"
        return Line("pools", BAD, f"{found}; {', '.join(damaged)}", do)
    return Line("pools", GOOD, f"{found}, by their manifests whole")


def _useless(cache: Mapping[str, Any]) -> Line:
    found = f"{cache['useless_mib']:.1f} MiB that nothing reads"
    if cache["useless_mib"] > MUCH_USELESS_MIB:
        return Line("leftovers", NOTE, found, "`gc` shows and deletes it")
    return Line("leftovers", GOOD, found)


def _data(data: Mapping[str, Any]) -> Line:
    there = ", ".join(data["folders"]) or "nothing"
    return Line(
        "offline",
        GOOD,
        f"digits needs no data; in {data['path']}: {there}",
        "" if data["folders"] else "for other tasks, while online: `python -m data_prep download`",
    )
