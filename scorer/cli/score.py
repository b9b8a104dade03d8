"""`score`: how well a method forgets."""

from __future__ import annotations

from pathlib import Path
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
@click.option(
    "--checkpoints",
    type=click.Path(dir_okay=False, path_type=Path),
    help="in place of METHOD: a zip of N state dicts, unlearned_checkpoint_<i>.pth",
)
@json_option
def command(
    method: str | None, rerun: bool, checkpoints: Path | None, as_json: bool, **values: Any
) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or a path.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept, and so is what became of every run: a
    run that failed is made again by --rerun alone, with all others. Exit code 3: a run failed.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
      python -m scorer score --checkpoints submission.zip --task cifar10-resnet18 --n-models 512
    """
    from scorer.checkpoints.score import score_checkpoints
    from scorer.errors import UsageError
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.tables import record_tables, warnings
    from scorer.runner.faults import Fault
    from scorer.runner.load import REFERENCES, find_submission

    chosen = Options(**values)
    if checkpoints is not None and (method is not None or rerun):
        given = f"METHOD {method}" if method is not None else "--rerun"
        raise UsageError(f"--checkpoints stands in place of METHOD and its runs, got {given} too")
    if checkpoints is None and method not in REFERENCES:
        find_submission(method)  # so that nothing stands before what is wrong with it
    if method not in REFERENCES:
        show_tier(chosen)
    with progress_bar() as progress:
        if checkpoints is not None:
            scored = score_checkpoints(checkpoints, chosen, progress)
        else:
            (scored,) = score([method], chosen, progress, anew=rerun)
    record, path = scored.record, scored.keep(chosen.results_dir)
    if as_json:
        for one in warnings(record):
            say(f"warning: {one}", err=True)
        show_json(record.as_dict())
    elif not record.faults:
        show(*record_tables(record))
        say(f"record: {path}")
    if record.faults:
        say(f"no score of {record.method}: {record.failure}", err=True)
        say(Fault(**record.faults[0]).describe(), err=True)
        if checkpoints is None:
            say("outcomes are final: only --rerun makes all runs anew", err=True)
        raise SystemExit(3)
