"""`score`: how well a method forgets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from scorer.cli._common import (
    function_option,
    json_option,
    options,
    progress_bar,
    say,
    show,
    show_adapted,
    show_json,
    show_tier,
)

if TYPE_CHECKING:
    from scorer.options import Options
    from scorer.runner.faults import Fault
    from scorer.runner.load import Submission


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
@click.option(
    "--checkpoints",
    type=click.Path(dir_okay=False, path_type=Path),
    help="in place of METHOD: a zip of N state dicts, unlearned_checkpoint_<i>.pth",
)
@function_option
@json_option
def command(
    method: str | None,
    rerun: bool,
    plan: bool,
    examples: bool,
    examples_file: Path | None,
    checkpoints: Path | None,
    function: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Score METHOD: a baseline's name, a file in submission/, or the path of one or of a folder.

    Without METHOD it is submission/unlearn.py. `original` and `retrain` are rows that the kit
    makes itself. Oracles are trained on first use and kept, and so is what became of every run: a
    run that failed is made again by --rerun alone, with all others. Exit code 3: a run failed.
    With --scenario streaming:K it is scored after each of K requests, and F over them is drawn.

    \b
    Examples:
      python -m scorer score adversarial
      python -m scorer score path/to/mine.py --task digits --n-models 128 --rule exact
      python -m scorer score finetune --forget class:3
      python -m scorer score adversarial --examples --examples-file adversarial.csv
      python -m scorer score adversarial --features loss,probabilities,features,gradient
      python -m scorer score adversarial --features relearning,barrier
      python -m scorer score --plan --task cifar10 --n-models 256
      python -m scorer score --checkpoints submission.zip --task cifar10-resnet18 --n-models 512
    """
    from scorer.errors import UsageError
    from scorer.files import ensure_writable
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.example_files import check_place, save_examples
    from scorer.results.examples import examples_of
    from scorer.results.tables import examples_tables, record_tables, warnings
    from scorer.runner.faults import Fault
    from scorer.runner.load import Submission, find_method

    chosen = Options(**values)
    if plan:
        if rerun or examples or examples_file is not None or checkpoints is not None:
            raise UsageError("--plan makes no score, so there is nothing to rerun or to show of it")
        if chosen.features is not None:
            raise UsageError("--plan tells of a score without --features; leave one of them out")
        show_plan(chosen, as_json)
        return
    if examples_file is not None:
        check_place(examples_file)
    if checkpoints is not None and (method is not None or rerun or function):
        given = f"METHOD {method}" if method is not None else "--rerun" if rerun else "--function"
        raise UsageError(f"--checkpoints stands in place of METHOD and its runs, got {given} too")
    found = None if checkpoints is not None else find_method(method, function)
    notes_on_text: Sequence[str] = ()
    if isinstance(found, Submission):
        notes_on_text = found.code.notes
        show_adapted(notes_on_text)
        if found.refusal is not None:
            refuse(found, found.refusal, as_json)
    if not isinstance(found, str):
        show_tier(chosen)
    for folder in (chosen.results_dir, chosen.cache_dir):
        ensure_writable(folder)  # hours before the first file is written there
    with progress_bar() as progress:
        if checkpoints is not None:
            from scorer.checkpoints.score import score_checkpoints

            scored = score_checkpoints(checkpoints, chosen, progress)
        else:
            (scored,) = score([found], chosen, progress, anew=rerun)
    record, path = scored.record, scored.keep(chosen.results_dir)
    show_adapted((record.adapted or [])[len(notes_on_text) :])
    asked = (examples or examples_file is not None) and not record.faults
    verdicts = examples_of(record, scored.arrays) if asked else None
    figure = None
    if record.requests and not record.faults:
        # Only now: with it come the studies and matplotlib.
        from scorer.studies.over_requests import draw_requests

        figure = draw_requests(record, path)
    if as_json:
        for one in warnings(record):
            say(f"warning: {one}", err=True)
        more = {"examples": verdicts.as_dict()} if verdicts and examples else {}
        show_json(record.as_dict() | more)
    elif not record.faults:
        show(*record_tables(record), *(examples_tables(verdicts) if verdicts and examples else ()))
        say(f"record: {path}")
        if figure is not None:
            say(f"figure: {figure}")
    if verdicts and examples_file is not None:
        save_examples(verdicts, examples_file)
        say(f"examples: {examples_file}", err=as_json)
    if record.faults:
        say(f"no score of {record.method}: {record.failure}", err=True)
        say(Fault(**record.faults[0]).describe(), err=True)
        if checkpoints is None:
            say("outcomes are final: only --rerun makes all runs anew", err=True)
        raise SystemExit(3)


def refuse(submission: Submission, fault: Fault, as_json: bool) -> NoReturn:
    """End the command where the text of a file shows that no run of it can work.

    Nothing was opened or made for it, so there is no record either.
    """
    from scorer.cli.check import refused

    if as_json:
        show_json(refused(submission, fault))
    say(f"no score of {submission.name}: no run of it can work, and none was made", err=True)
    say(fault.describe(), err=True)
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
