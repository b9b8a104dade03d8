"""`score`: how well a method forgets."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import json_option, progress_bar, show, show_json, task_options


@click.command()
@click.argument("method", required=False)
@task_options
@click.option("--rule", default="competition", help="competition or exact", show_default=True)
@click.option("--design", default="reuse-1", help="reuse-1 or reuse-n", show_default=True)
@click.option("--sandbox", default="process", help="tier of isolation", show_default=True)
@click.option("--budget", default=0.2, help="share of a retraining a run may take, default 0.2")
@click.option("--timeout-s", type=float, help="hard limit of one run; default: the task's")
@json_option
def command(method: str | None, as_json: bool, **options: Any) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or a path.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept. Exit code 3: a run failed.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
    """
    from scorer.pipeline import Options, score_method
    from scorer.results.tables import record_tables
    from scorer.runner.faults import Fault

    with progress_bar() as progress:
        record, path = score_method(method, Options(**options), progress)
    if as_json:
        show_json(record.as_dict())
    elif not record.faults:
        show(*record_tables(record))
        click.echo(f"record: {path}")
    if record.faults:
        failed = f"{len(record.faults)} of {record.n_models} runs"
        click.echo(f"no score: {failed} of {record.method} failed", err=True)
        click.echo(Fault(**record.faults[0]).describe(), err=True)
        raise SystemExit(3)
