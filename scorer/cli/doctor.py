"""`doctor`: what this machine has, and what keeps something from working."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click
from rich.table import Table

from scorer.cli._common import json_option, options, show, show_json

PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors", "numba"),
    *("click", "rich", "msgspec", "filelock", "ray"),
)
GIB = 2**30


@click.command()
@options("device", "cache_dir")
@json_option
def command(as_json: bool, **values: Any) -> None:
    """Say what this machine has: device, packages, sandbox tiers by trial, disk and cache.

    \b
    Examples:
      python -m scorer doctor
      python -m scorer doctor --json
    """
    from scorer.options import Options

    facts = examine(Options(**values))
    if as_json:
        show_json(facts)
    else:
        show(*tables(facts))


def examine(chosen: Any) -> dict[str, Any]:
    """Return everything that is found out, as JSON values."""
    from scorer.devices import use_first
    from scorer.machine import machine
    from scorer.oracles.inventory import take_inventory
    from scorer.runner.child.kernel import processor_clock
    from scorer.runner.sandboxes import SANDBOXES
    from scorer.runner.tiers import AUTO, by_rank, missing, resolve

    use_first(chosen.gpus)
    cache, device = chosen.cache_dir, chosen.torch_device
    # The folder itself may not be there yet: then the disk is that of the one it will lie in.
    there = next(each for each in (cache, *cache.parents) if each.is_dir())
    disk = shutil.disk_usage(there)
    pools = [each for each in take_inventory(cache) if each.kind == "pools"]
    return {
        "machine": machine(device),
        "packages": {name: _version(name) for name in PACKAGES},
        "sandboxes": {
            name: {"works": not missing(name, device), "reason": missing(name, device)}
            | {"summary": SANDBOXES[name].summary}
            for name in by_rank()
        },
        "sandbox": resolve(AUTO, device),
        "processor_time": "by the system" if processor_clock() is not None else "by process",
        "disk": {"free_gib": disk.free / GIB, "total_gib": disk.total / GIB},
        "cache": {"path": str(cache), "pools": len(pools)},
    }


def _version(name: str) -> str | None:
    """Return the version of a package, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def tables(facts: dict[str, Any]) -> list[Table]:
    """Return the facts as tables."""
    about = Table("what", "found", title="This machine")
    for name, value in facts["machine"].items():
        about.add_row(name, str(value))
    about.add_row("processor time of runs", facts["processor_time"])
    disk, cache = facts["disk"], facts["cache"]
    about.add_row("disk", f"{disk['free_gib']:.1f} GiB free of {disk['total_gib']:.1f}")
    about.add_row("cache", f"{cache['path']}, {cache['pools']} pools of models")
    packages = Table("package", "version", title="Packages")
    for name, found in facts["packages"].items():
        packages.add_row(name, found or "not installed")
    tiers = Table("tier", "works", "what it is, or why not", title="Sandbox tiers, best first")
    for name, tier in facts["sandboxes"].items():
        chosen = " (auto)" if name == facts["sandbox"] else ""
        works = "yes" if tier["works"] else "no"
        tiers.add_row(f"{name}{chosen}", works, tier["reason"] or tier["summary"])
    return [about, packages, tiers]
