"""`scores`: every method under the same options, some at a time."""

from __future__ import annotations

from typing import Any

import click

from scorer.cli._common import options, progress_bar, say, show_tier

TOGETHER = 4
"""Methods that share workers and timed retrainings: few enough that machines stay as they are."""


@click.command()
@click.argument("methods", metavar="[METHOD]...", nargs=-1)
@options()
@click.option("--rerun", is_flag=True, help="delete their outcomes; all runs anew")
def command(methods: tuple[str, ...], rerun: bool, **values: Any) -> None:
    """Score METHODs; by default all baselines, the entry, `original` and `retrain`.

    Each gets the record that `score` would give it. Some go at a time and are timed against the
    same retrainings, which take much of a score where a retraining is long. What is finished is
    kept. Exit code 3: runs of some failed.

    \b
    Examples:
      python -m scorer scores --task fashion_mnist --n-models 32 --design reuse-8
      python -m scorer scores finetune scrub fanchuan
    """
    from scorer.files import ensure_writable
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.results.tables import with_error
    from scorer.runner.load import BASELINES, REFERENCES, Submission, find_method, methods_in

    chosen = Options(**values)
    found = [find_method(each) for each in methods]
    if not methods:
        found = [*REFERENCES, find_method(None)]
        found += map(Submission.read, methods_in(BASELINES).values())
    show_tier(chosen)
    for folder in (chosen.results_dir, chosen.cache_dir):
        ensure_writable(folder)
    failed = []
    for method in list(found):
        if isinstance(method, Submission) and method.refusal is not None:
            failed.append(method.name)
            found.remove(method)
            say(f"{method.name}: {method.refusal.describe()}", err=True)
    n_asked = len(found) + len(failed)
    for first in range(0, len(found), TOGETHER):
        with progress_bar() as progress:
            scored = score(found[first : first + TOGETHER], chosen, progress, anew=rerun)
        for each in scored:
            record, path = each.record, each.keep(chosen.results_dir)
            if record.faults:
                failed.append(record.method)
                say(f"{record.method}: no score: {record.failure}", err=True)
            else:
                relative = with_error(record.relative_score, record.relative_score_se, 3)
                say(f"{record.method}: relative score {relative}, record: {path}")
    if failed:
        say(f"no score of {len(failed)} of {n_asked}: {', '.join(failed)}", err=True)
        raise SystemExit(3)
