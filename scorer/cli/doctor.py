"""`doctor`: what this machine has, and what keeps something from working."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click
from rich.table import Column, Table

from scorer.cli._common import json_option, options, show, show_json
from scorer.cli._health import BAD, NOTE, health_lines

PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "scikit-learn", "safetensors", "numba"),
    *("click", "rich", "msgspec", "filelock", "pillow", "matplotlib", "ray"),
)
GIB = 2**30


@click.command()
@options("device", "data_dir", "cache_dir")
@json_option
def command(as_json: bool, **values: Any) -> None:
    """Say what this machine has, and of what is bad or could be better what to do.

    Python, packages against their pins, device, memory and how many models and runs it holds,
    sandbox tiers by trial, disk, pools by their manifests, what nothing reads any more, and the
    data that are there without a network.

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
    from scorer.oracles.health import take_health
    from scorer.oracles.inventory import take_inventory
    from scorer.runner.child.kernel import processor_clock
    from scorer.runner.sandboxes import SANDBOXES
    from scorer.runner.tiers import AUTO, by_rank, missing, resolve

    use_first(chosen.gpus)
    cache, device = chosen.cache_dir, chosen.torch_device
    # The folder itself may not be there yet: then the disk is that of the one it will lie in.
    there = next(each for each in (cache, *cache.parents) if each.is_dir())
    disk = shutil.disk_usage(there)
    health, data = take_health(take_inventory(cache)), chosen.data_dir
    folders = sorted(each.name for each in data.iterdir() if each.is_dir()) if data.is_dir() else []
    facts: dict[str, Any] = {
        "machine": machine(device),
        "memory": _memory(chosen),
        "packages": {name: _version(name) for name in PACKAGES},
        "sandboxes": {
            name: {"works": not missing(name, device), "reason": missing(name, device)}
            | {"summary": SANDBOXES[name].summary}
            for name in by_rank()
        },
        "sandbox": resolve(AUTO, device),
        "processor_time": "by the system" if processor_clock() is not None else "by process",
        "disk": {"free_gib": disk.free / GIB, "total_gib": disk.total / GIB},
        "cache": {
            "path": str(cache),
            "pools": health.n_pools,
            "models": health.n_models,
            "damaged": health.n_damaged,
            "without_secret": health.n_without_secret,
            "useless_mib": health.useless_mib,
        },
        "data": {"path": str(data), "folders": folders},
    }
    return {**facts, "health": [asdict(line) for line in health_lines(facts)]}


def _memory(chosen: Any) -> dict[str, Any]:
    """Return the memory of the device, and the plan of a score of the default task in it."""
    import torch

    from scorer.engines import make_engine
    from scorer.engines.base import no_progress
    from scorer.errors import ScorerError
    from scorer.oracles.room import memory_of, runs_plan, training_plan
    from scorer.plan.here import task_of_size
    from scorer.training.probe import GROUP_SIZES

    device, n_models = chosen.torch_device, chosen.n_models
    engine = make_engine("local", None, chosen.gpus)
    task, _ = task_of_size(chosen, engine, no_progress)
    plans: dict[str, Any] = {}
    reason = ""
    try:
        training = training_plan(
            task,
            device,
            engine,
            n_models=n_models,
            k=GROUP_SIZES[device][-1],
            sets=("retain", "train"),
        )
        runs, _ = runs_plan(task, device, engine, n_runs=n_models)
        plans = {"training": asdict(training), "runs": asdict(runs)}
    except ScorerError as error:
        reason = str(error)
    memory = memory_of(torch.device(device))
    sizes = {"free_gib": memory.free / GIB, "total_gib": memory.total / GIB}
    return {**sizes, "task": task.name, "n_models": n_models, "plans": plans, "reason": reason}


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
    packages = Table("package", "version", title="Packages")
    for name, found in facts["packages"].items():
        packages.add_row(name, found or "not installed")
    tiers = Table("tier", "works", "what it is, or why not", title="Sandbox tiers, best first")
    for name, tier in facts["sandboxes"].items():
        chosen = " (auto)" if name == facts["sandbox"] else ""
        works = "yes" if tier["works"] else "no"
        tiers.add_row(f"{name}{chosen}", works, tier["reason"] or tier["summary"])
    columns = (Column(name, overflow="fold") for name in ("what", "state", "found", "what to do"))
    health = Table(*columns, title="What works, and what to do")
    styles = {BAD: "red", NOTE: "yellow"}
    for line in facts["health"]:
        health.add_row(*line.values(), style=styles.get(line["state"]))
    return [health, about, packages, tiers]
