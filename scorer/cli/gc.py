"""`gc`: what the cache holds, and room again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from scorer.cli._common import json_option, options, say, show_json


@click.command()
@click.argument("kinds", metavar="[KIND]...", nargs=-1)
@click.option("--yes", is_flag=True, help="delete it; without this nothing is deleted")
@options("cache_dir")
@json_option
def command(kinds: tuple[str, ...], yes: bool, as_json: bool, cache_dir: Path) -> None:
    """Show what lies in the cache with its size, and delete KINDs of it.

    KINDs are pools, runs, difficulty, studies, snapshots, paths, older, damaged and leftovers.
    Without KIND all are shown, and --yes deletes what nothing reads any more: older, damaged and
    leftovers. All of it can be made again, pools and runs under other seeds where their secrets
    were not named; delete these only while nothing is being scored.

    \b
    Examples:
      python -m scorer gc
      python -m scorer gc runs damaged --yes
    """
    from scorer.errors import unknown_name
    from scorer.oracles.inventory import KINDS, USELESS, clean, take_inventory

    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name("kind", kind, KINDS)
    found = [each for each in take_inventory(cache_dir) if each.kind in (kinds or KINDS)]
    chosen = [each for each in found if each.kind in (kinds or USELESS)]
    deleted = clean(chosen) if yes else []
    rows = [{**asdict(each), "path": str(each.path), "deleted": each in deleted} for each in found]
    if as_json:
        show_json({"cache_dir": str(cache_dir), "found": rows})
        return
    for each in found:
        done = "deleted" if each in deleted else each.kind
        say(f"{done:<11}{each.size_mib:>10.2f} MiB  {each.path.relative_to(cache_dir)}")
    for kind in dict.fromkeys(each.kind for each in found):
        say(f"{kind:<11}{KINDS[kind]}")
    total, freed = (sum(each.size_mib for each in some) for some in (found, deleted))
    say(f"{cache_dir}: {len(found)} things, {total:.2f} MiB; deleted {freed:.2f} MiB")
    if chosen and not yes:
        size = sum(each.size_mib for each in chosen)
        say(f"--yes deletes {len(chosen)} of them, {size:.2f} MiB")
