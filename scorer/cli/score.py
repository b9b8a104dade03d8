"""`score`: how well a method forgets."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import json_option, options, progress_bar, show, show_json, show_tier


@click.command()
@click.argument("method", required=False)
@options()
@json_option
def command(method: str | None, as_json: bool, **values: Any) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or a path.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept. Exit code 3: a run failed.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
    """
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.tables import record_tables, warnings
    from scorer.runner.faults import Fault
    from scorer.runner.load import REFERENCES

    chosen = Options(**values)
    if method not in REFERENCES:
        show_tier(chosen)
    with progress_bar() as progress:
        (scored,) = score([method], chosen, progress)
    record, path = scored.record, scored.keep(chosen.results_dir)
    if as_json:
        for one in warnings(record):
            click.echo(f"warning: {one}", err=True)
        show_json(record.as_dict())
    elif not record.faults:
        show(*record_tables(record))
        click.echo(f"record: {path}")
    if record.faults:
        failed = f"{len(record.faults)} of {record.n_models} runs"
        click.echo(f"no score: {failed} of {record.method} failed", err=True)
        click.echo(Fault(**record.faults[0]).describe(), err=True)
        raise SystemExit(3)
