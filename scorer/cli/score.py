"""`score`: how well a method forgets."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import json_option, options, progress_bar, say, show, show_json, show_tier


@click.command()
@click.argument("method", required=False)
@options()
@click.option(
    "--rerun",
    is_flag=True,
    help="delete its outcomes; all runs anew, with new seeds unless a secret is named",
)
@json_option
def command(method: str | None, rerun: bool, as_json: bool, **values: Any) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or a path.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept, and so is what became of every run: a
    run that failed is made again by --rerun alone, with all others. Exit code 3: a run failed.
    With --scenario streaming:K it is scored after each of K requests, and F over them is drawn.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
    """
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.tables import record_tables, warnings
    from scorer.runner.faults import Fault
    from scorer.runner.load import REFERENCES, find_submission

    chosen = Options(**values)
    if method not in REFERENCES:
        find_submission(method)  # so that nothing stands before what is wrong with it
        show_tier(chosen)
    with progress_bar() as progress:
        (scored,) = score([method], chosen, progress, anew=rerun)
    record, path = scored.record, scored.keep(chosen.results_dir)
    figure = None
    if record.requests and not record.faults:
        # Only now: with it come the studies and matplotlib.
        from scorer.studies.over_requests import draw_requests

        figure = draw_requests(record, path)
    if as_json:
        for one in warnings(record):
            say(f"warning: {one}", err=True)
        show_json(record.as_dict())
    elif not record.faults:
        show(*record_tables(record))
        say(f"record: {path}")
        if figure is not None:
            say(f"figure: {figure}")
    if record.faults:
        say(f"no score of {record.method}: {record.failure}", err=True)
        say(Fault(**record.faults[0]).describe(), err=True)
        say("outcomes are final: only --rerun makes all runs anew", err=True)
        raise SystemExit(3)
