"""`tune`: find a method's constants on private splits."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import FOLDERS, json_option, options, progress_bar, show, show_json


@click.command()
@click.argument("method", required=False)
@options("task", "device", "workers", *FOLDERS)
@click.option("--constants", default="", help="names, comma-separated; default: see below")
@click.option("--save", is_flag=True, help="keep the trials in baselines/tuning too")
@json_option
def command(method: str | None, constants: str, save: bool, as_json: bool, **values: Any) -> None:
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

    from scorer.options import Options
    from scorer.results.tables import number
    from scorer.runner.load import find_submission
    from scorer.tuning.log import keep_log, log_path
    from scorer.tuning.trials import PLAN, tune

    chosen = Options(**values, n_models=PLAN.n_models)
    submission = find_submission(method)
    names = [name.strip() for name in constants.split(",") if name.strip()]
    with progress_bar() as progress:
        rows = tune(submission, names, chosen, progress)
    log = log_path(chosen, submission.name)
    if save:
        click.echo(f"wrote {keep_log(chosen.task, submission.name, rows)}", err=True)
    if as_json:
        show_json({"task": chosen.task, "log": str(log), "trials": rows})
        return
    shown = list(rows[0]["values"])
    table = Table("trial", *shown, "relative score", "time / retrain", title="best first")
    for row in rows:
        tried = [f"{row['values'][name]:g}" for name in shown]
        over = "" if row["within_budget"] else " over budget"
        time = number(row.get("time_ratio"), 2) + over
        table.add_row(str(row["trial"]), *tried, number(row["relative_score"]), time)
    show(table)
    n_splits, n_models = len(PLAN.split_seeds), PLAN.n_models
    click.echo(f"trial 0 is the file as it is; {n_splits} splits, N={n_models}; log: {log}")
