"""`package`: what one hands in, made of a method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scorer.cli._common import json_option, options, progress_bar, say, show_json, show_tier

N_RUNS = 2
"""Runs of the check."""


@click.command()
@click.argument("method", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["file", "checkpoints"]),
    default="file",
    show_default=True,
    help="one file that stands alone, or a zip of the N models that it makes",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="folder; default: packaged/METHOD here",
)
@options("task", "split_seed", "n_models", "design", "timeout_s", "sandbox", "secret",
         "runs_secret", "device", "workers", "engine", "data_dir", "cache_dir")  # fmt: skip
@json_option
def command(
    method: str | None, form: str, output: Path | None, as_json: bool, **values: Any
) -> None:
    """Make of METHOD what one hands in: METHOD.py, manifest.json and submission.zip of both.

    What the file takes of `baselines` is written into it, so that it runs anywhere; it is checked
    first, and nothing is written where it fails. With --format checkpoints, submission.zip holds
    the state dicts of N runs, as the challenge of 2023 took them; stopped, it goes on where it
    was. Exit code 3: the method is at fault.

    \b
    Examples:
      python -m scorer package adversarial
      python -m scorer package mine --format checkpoints --task cifar10-resnet18 --n-models 512
    """
    from scorer.options import Options
    from scorer.package.write import ZIP, package_file
    from scorer.package.zip_of_runs import make_runs
    from scorer.runner.faults import Fault
    from scorer.runner.load import find_submission

    submission = find_submission(method)
    folder = output or Path.cwd() / "packaged" / submission.name
    facts: dict[str, Any]
    if form == "file":
        chosen = Options(**{**values, "n_models": N_RUNS, "workers": 1, "design": "reuse-1"})
        show_tier(chosen)
        with progress_bar() as progress:
            package = package_file(submission, chosen, progress)
        faults = [Fault(**each) for each in package.scored.record.faults]
        paths = [] if faults else package.write(folder)
        facts = package.facts
    else:
        chosen = Options(**values)
        show_tier(chosen)
        with progress_bar() as progress:
            runs = make_runs(submission, chosen, progress)
        faults = runs.faults
        paths = [] if faults else [runs.write(folder / ZIP)]
        facts = {"method": submission.name, "n_models": chosen.n_models}
        facts["runs_secret"] = runs.runs_secret
    if faults:
        say(f"{submission.shown_path} is at fault, nothing is written", err=True)
        say(faults[0].describe(), err=True)
        raise SystemExit(3)
    if as_json:
        show_json({**facts, "paths": [str(path) for path in paths]})
        return
    for path in paths:
        say(f"wrote {path}")
    if form == "file":
        say(f"licence: {facts['licence']}; tried by {N_RUNS} runs on {facts['task']['name']}")
    else:
        say(f"{chosen.n_models} models of runs secret {facts['runs_secret']}")
