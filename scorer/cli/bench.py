"""`bench`: speed, measured side by side, and how far the statistics hold."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scorer.bench.base import DEFAULT_ROUNDS, MIN_ROUNDS
from scorer.cli._common import folder_options, json_option, progress_bar, say, show, show_json


@click.command()
@click.argument("name", required=False)
@click.option("--task", help="what is trained, where the bench has a choice")
@click.option(
    "--rounds",
    type=click.IntRange(MIN_ROUNDS),
    default=DEFAULT_ROUNDS,
    help="turns of each side",
    show_default=True,
)
@click.option("--save", is_flag=True, help="keep the figures for the README")
@folder_options
@json_option
def command(
    name: str | None, task: str | None, rounds: int, save: bool, as_json: bool, **folders: Path
) -> None:
    """Measure bench NAME; without NAME list them.

    The sides take turns in one run, and ratios are taken turn by turn. Bench oracles makes rounds
    again that were not fair to every side, and gives no ratio where the machine is too busy. Bench
    simulations times nothing: a round is a number of fresh draws from each law.

    \b
    Examples:
      python -m scorer bench oracles
      python -m scorer bench metric --rounds 9 --json
    """
    from scorer.bench import BENCHES, Settings
    from scorer.kinds import KINDS
    from scorer.limits import n_cores
    from scorer.results.speed import speed_tables
    from scorer.settings import PROJECT_ROOT

    if name is None:
        rows = KINDS["benches"].rows()
        if as_json:
            show_json({"benches": rows})
        else:
            say("\n".join(f"{row['name']:<10}{row['summary']}" for row in rows))
        return
    chosen = BENCHES[name]
    load = os.getloadavg()[0]
    with progress_bar() as progress:
        places = folders["data_dir"], folders["cache_dir"]
        report = chosen.run(Settings(chosen.choose_task(task), rounds, *places, progress))
    report.notes.append(f"load of the minute before: {load:.1f} on {n_cores()} cores")
    values = report.as_dict()
    if as_json:
        show_json(values)
    else:
        show(*speed_tables(values))
        say("\n".join(f"- {note}" for note in values["notes"]))
    if save:
        say(f"wrote {report.save().relative_to(PROJECT_ROOT)}", err=True)
