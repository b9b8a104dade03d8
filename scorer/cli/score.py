"""`score`: how well a method forgets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer.cli._common import json_option, options, progress_bar, say, show, show_json, show_tier

if TYPE_CHECKING:
    from scorer.options import Options


@click.command()
@click.argument("method", required=False)
@options()
@click.option(
    "--rerun",
    is_flag=True,
    help="delete its outcomes; all runs anew, with new seeds unless a secret is named",
)
@click.option("--plan", is_flag=True, help="train nothing: say what a score tells and takes here")
@click.option("--examples", is_flag=True, help="say which examples leak, and show the worst")
@click.option(
    "--examples-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the verdict on every example to a .csv or .json",
)
@json_option
def command(
    method: str | None,
    rerun: bool,
    plan: bool,
    examples: bool,
    examples_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or a path.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept, and so is what became of every run: a
    run that failed is made again by --rerun alone, with all others. Exit code 3: a run failed.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
      python -m scorer score adversarial --examples --examples-file adversarial.csv
      python -m scorer score --plan --task cifar10 --n-models 256
    """
    from scorer.errors import UsageError
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.example_files import check_place, save_examples
    from scorer.results.examples import examples_of
    from scorer.results.tables import examples_tables, record_tables, warnings
    from scorer.runner.faults import Fault
    from scorer.runner.load import REFERENCES, find_submission

    chosen = Options(**values)
    if plan:
        if rerun or examples or examples_file is not None:
            raise UsageError("--plan makes no score, so there is nothing to rerun or to show of it")
        show_plan(chosen, as_json)
        return
    if examples_file is not None:
        check_place(examples_file)
    if method not in REFERENCES:
        find_submission(method)  # so that nothing stands before what is wrong with it
        show_tier(chosen)
    with progress_bar() as progress:
        (scored,) = score([method], chosen, progress, anew=rerun)
    record, path = scored.record, scored.keep(chosen.results_dir)
    asked = (examples or examples_file is not None) and not record.faults
    found = examples_of(record, scored.arrays) if asked else None
    if as_json:
        for one in warnings(record):
            say(f"warning: {one}", err=True)
        show_json(record.as_dict() | ({"examples": found.as_dict()} if found and examples else {}))
    elif not record.faults:
        show(*record_tables(record), *(examples_tables(found) if found and examples else ()))
        say(f"record: {path}")
    if found and examples_file is not None:
        save_examples(found, examples_file)
        say(f"examples: {examples_file}", err=as_json)
    if record.faults:
        say(f"no score of {record.method}: {record.failure}", err=True)
        say(Fault(**record.faults[0]).describe(), err=True)
        say("outcomes are final: only --rerun makes all runs anew", err=True)
        raise SystemExit(3)


def show_plan(chosen: Options, as_json: bool) -> None:
    """Say what a score with these options tells, and what it takes here."""
    from scorer.cli._plan import plan_tables
    from scorer.plan.make import make_plan

    with progress_bar() as progress:
        plan = make_plan(chosen, progress)
    if as_json:
        show_json(plan.as_dict())
    else:
        show(*plan_tables(plan))
