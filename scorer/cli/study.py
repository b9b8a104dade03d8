"""`study`: the questions that the project grew from, computed, drawn and answered."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from scorer.cli._common import DIRECTORY, json_option, options, progress_bar, show_json


@click.command()
@click.argument("name", required=False)
@click.option("--task", help="what is studied, where the study has a choice")
@click.option("--quick", is_flag=True, help="tiny sizes, in seconds; the answers mean nothing")
@click.option("--out", type=DIRECTORY, help="default: studies/NAME in the results")
@click.option("--save", is_flag=True, help="keep the findings for the documentation")
@options("device", "workers", "engine", "results_dir", "data_dir", "cache_dir")
@json_option
def command(
    name: str | None,
    task: str | None,
    quick: bool,
    out: Path | None,
    save: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Make study NAME; without NAME list them.

    Writes figures as PNG and SVG, a text whose sentences follow from the numbers, and
    findings.json, which holds every number with its n and interval. What was computed is kept: a
    study that was stopped goes on.

    \b
    Examples:
      python -m scorer study boundary
      python -m scorer study capacity --task fashion_mnist
    """
    from scorer.kinds import KINDS
    from scorer.options import Options
    from scorer.results.record import STUDIES_FOLDER
    from scorer.studies import STUDIES, Settings
    from scorer.studies.kept import keep

    if name is None:
        rows = KINDS["studies"].rows()
        if as_json:
            show_json({"studies": rows})
        else:
            click.echo("\n".join(f"{row['name']:<10}{row['summary']}" for row in rows))
        return
    study = STUDIES[name]
    task = study.choose_task(task)
    if save and quick:
        raise click.UsageError("--save keeps findings that mean something; leave --quick out")
    given = Options(task=task, **chosen) if task else Options(**chosen)
    start = time.monotonic()
    with progress_bar() as progress:
        found = study.run(Settings(given, quick, progress))
    label = study.label(task)
    # A quick run never takes the place of findings that mean something.
    place = out or given.results_dir / STUDIES_FOLDER / (f"{label}-quick" if quick else label)
    folder = found.write(place)
    if as_json:
        show_json(found.as_dict())
    else:
        for answer in found.answers:
            click.echo(f"{answer.question} {answer.verdict.capitalize()}. {answer.sentence}")
    elapsed_s = time.monotonic() - start
    click.echo(f"wrote {folder} in {elapsed_s:.0f} s", err=True)
    if save:
        for path in keep(found, label):
            click.echo(f"wrote {path}", err=True)
