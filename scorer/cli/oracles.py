"""`oracles`: grow or verify the pool of a task on its own."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import click

from scorer.cli._common import FOLDERS, json_option, options, progress_bar, say, show_json


def parse_shard(_: click.Context, __: click.Parameter, text: str) -> tuple[int, int]:
    """Turn "2/8" into (2, 8)."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not int(match[1]) < int(match[2]):
        raise click.BadParameter(f"must be i/n with 0 <= i < n, such as 0/8, got {text!r}")
    return int(match[1]), int(match[2])


@click.command()
@options(
    "task",
    "forget",
    "split_seed",
    "n_models",
    "scenario",
    "features",
    "secret",
    "device",
    "workers",
    "engine",
    *FOLDERS,
)
@click.option("--shard", default="0/1", callback=parse_shard, help="only part i of n, from 0/n")
@click.option(
    "--verify", is_flag=True, help="read every file first; damaged models are trained again"
)
@json_option
def command(shard: tuple[int, int], verify: bool, as_json: bool, **values: Any) -> None:
    """Train the original model, N oracles and N control models of a task.

    A stream of requests has oracles and controls for each, one pool a request. What is there
    already stays; interrupted, it goes on where it stopped. Shards on machines without a common
    disk make one pool where all are given the same --secret.

    \b
    Examples:
      python -m scorer oracles --n-models 128 --forget class:3
      python -m scorer oracles --task cifar10 --n-models 512 --shard 3/8
    """
    from scorer.options import Options
    from scorer.oracles.open import open_pool
    from scorer.scenarios import make_scenario

    chosen = Options(**values)
    n_models, damaged, trained, missing = chosen.n_models, [], 0, 0
    with progress_bar() as progress:
        pool, engine = open_pool(chosen, progress)
        requests = make_scenario(chosen.scenario).requests(pool.task)
        pools = [pool.for_part(request.task) for request in requests]
        for each, request in zip(pools, requests, strict=True):
            wanted = {"oracle": n_models, "control": n_models}
            if request.is_last:  # the pool of the task, whose originals all requests start from
                wanted = {"original": 1, **wanted}
            damaged += each.repair() if verify else []
            trained += each.ensure(wanted, engine, progress, shard)
            missing += sum(len(each.store(role).missing(n)) for role, n in wanted.items())
    facts = {
        "task": pool.task.name,
        "forget": pool.task.forget,
        "fingerprint": pool.task.fingerprint,
        "engine_id": pool.engine_id,
        "path": asdict(pool.path),
        "pool": str(pool.root),
        "pools": [str(each.root) for each in pools],
        "wanted": wanted,
        "trained": trained,
        "damaged": [str(path) for path in damaged],
        "missing": missing,
    }
    if as_json:
        show_json(facts)
        return
    for each in pools[:-1]:
        say(f"{each.root}: an earlier request's")
    say(f"{pool.root}: trained {trained}, damaged {len(damaged)}, missing {missing}")
