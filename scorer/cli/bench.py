"""`bench`: speed, measured side by side, and how far the statistics hold."""

from __future__ import annotations

import os
from pathlib import Path

import click

from scorer.bench.base import DEFAULT_ROUNDS, MIN_ROUNDS, Report, Settings
from scorer.cli._common import folder_options, json_option, progress_bar, say, show, show_json


@click.command()
@click.argument("name", required=False)
@click.option("--task", help="what is trained, where the bench has a choice")
@click.option(
    "--rounds",
    type=click.IntRange(MIN_ROUNDS),
    help=f"turns of each side  [default: {DEFAULT_ROUNDS}, with --all fewer]",
)
@click.option("--all", "is_all", is_flag=True, help="of gpu: tests, pool and scores too, in stages")
@click.option(
    "--limit-s",
    type=click.FloatRange(0, min_open=True),
    help="with --all: seconds of this call; the next one goes on  [default: 540]",
)
@click.option("--save", is_flag=True, help="keep the figures for the README")
@folder_options
@json_option
def command(
    name: str | None,
    task: str | None,
    rounds: int | None,
    is_all: bool,
    limit_s: float | None,
    save: bool,
    as_json: bool,
    results_dir: Path,
    **folders: Path,
) -> None:
    """Measure bench NAME; without NAME list them.

    The sides take turns in one run, and ratios are taken turn by turn. Bench oracles makes rounds
    again that were not fair to every side, and gives no ratio where the machine is too busy. Bench
    simulations times nothing: a round is a number of fresh draws from each law.
    With --all bench gpu goes through stages, keeps what came of each in the cache, and goes on with
    what is missing when it is called again.

    \b
    Examples:
      python -m scorer bench oracles
      python -m scorer bench metric --rounds 9 --json
      python -m scorer bench gpu --all --limit-s 540 --save
    """
    from scorer.bench import BENCHES
    from scorer.bench.gpu_stages import ROUNDS
    from scorer.errors import UsageError
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
    if name != "gpu" and (is_all or limit_s is not None):
        given = "--all" if is_all else "--limit-s"
        raise UsageError(f"bench {name} takes no {given}; leave it out, only bench gpu has stages")
    if limit_s is not None and not is_all:
        raise UsageError("--limit-s is the time of a call with --all; add that or leave it out")
    places = folders["data_dir"], folders["cache_dir"]
    load = os.getloadavg()[0]
    if is_all:
        chosen.choose_task(task)
        report = _stages(Settings("", rounds or ROUNDS, *places), results_dir, limit_s, save)
    else:
        with progress_bar() as progress:
            settings = Settings(
                chosen.choose_task(task), rounds or DEFAULT_ROUNDS, *places, progress
            )
            report = chosen.run(settings)
    report.notes.append(f"load of the minute before: {load:.1f} on {n_cores()} cores")
    values = report.as_dict()
    if as_json:
        show_json(values)
    else:
        show(*speed_tables(values))
        say("\n".join(f"- {note}" for note in values["notes"]))
    if save:
        say(f"wrote {report.save().relative_to(PROJECT_ROOT)}", err=True)


def _stages(settings: Settings, results_dir: Path, limit_s: float | None, save: bool) -> Report:
    """Go through the stages of bench gpu, and with `save` keep the figures after each."""
    from scorer.bench.gpu_stages import LIMIT_S, Plan, measure_everything

    def on_report(report: Report) -> None:
        """Keep what is known so far, since the machine may go away."""
        if save:
            report.save()

    return measure_everything(
        settings,
        results_dir,
        limit_s or LIMIT_S,
        lambda line: say(line, err=True),
        plan=Plan(rounds=settings.rounds),
        on_report=on_report,
    )
