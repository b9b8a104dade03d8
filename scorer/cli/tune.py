"""`tune`: find a method's constants on private splits."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import folder_options, json_option, progress_bar, show, show_json


@click.command()
@click.argument("method", required=False)
@click.option("--task", default="digits", help="see `ls tasks`", show_default=True)
@click.option("--constants", default="", help="names, comma-separated; default: see below")
@click.option("--device", default="auto", help="auto, cpu or cuda", show_default=True)
@click.option("--workers", type=click.IntRange(1), help="processes; default one a core")
@click.option("--save", is_flag=True, help="keep the trials in baselines/tuning too")
@folder_options
@json_option
def command(method: str | None, constants: str, save: bool, as_json: bool, **options: Any) -> None:
    """Try METHOD with other constants on split seeds 1 and 2, never on the public split 0.

    The budget is the same for every method: 9 trials, the first with the file as it is, 32 models
    each. Tuned are the constants with RATE in their name, or all numbers with a decimal point
    where there are none such. Nothing is written to the file; the trials are logged.

    \b
    Examples:
      python -m scorer tune finetune
      python -m scorer tune scrub --constants LEARNING_RATE,CLOSENESS
    """
    from rich.table import Table

    from scorer.pipeline import Options
    from scorer.results.tables import number
    from scorer.runner.load import find_submission
    from scorer.tuning import keep_log, log_path, tune

    settings = Options(**options)
    names = [name.strip() for name in constants.split(",") if name.strip()]
    with progress_bar() as progress:
        rows = tune(method, names, settings, progress)
    log = log_path(settings, method)
    if save:
        click.echo(f"wrote {keep_log(settings.task, find_submission(method).name, rows)}", err=True)
    if as_json:
        show_json({"task": settings.task, "log": str(log), "trials": rows})
        return
    shown = list(rows[0]["values"])
    table = Table("trial", *shown, "relative score", "time / retrain", title="best first")
    for row in rows:
        values = [f"{row['values'][name]:g}" for name in shown]
        over = "" if row["within_budget"] else " over budget"
        time = number(row.get("time_ratio"), 2) + over
        table.add_row(str(row["trial"]), *values, number(row["relative_score"]), time)
    show(table)
    click.echo(f"trial 0 is the file as it is; two splits, N=32; log: {log}")
