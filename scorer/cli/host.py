"""`host`: a task as a competition that an existing platform runs."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import click

from scorer.cli._common import json_option, options, progress_bar, say, show_json
from scorer.errors import UsageError

FOLDER = click.Path(file_okay=False, resolve_path=True, path_type=Path)
PLACE = click.Path(resolve_path=True, path_type=Path)
DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%d %H:%M"])


@click.command()
@click.argument("task", required=False)
@click.option("--output", type=FOLDER, help="folder of the bundle, or of the page of --try")
@click.option("--title", help="of the competition; default: of the task")
@click.option("--docker-image", help="that the platform runs; default: unlearning-scorer:VERSION")
@click.option("--start", type=DATE, help="of the public phase; default: today")
@click.option("--end", type=DATE, help="of the public phase; default: four weeks later")
@click.option("--time-limit-s", type=click.IntRange(60), default=600, show_default=True,
              help="that each program may take")  # fmt: skip
@click.option("--final-split-seed", type=click.IntRange(0),
              help="of the final phase; default: by the secret of the pool")  # fmt: skip
@click.option("--try", "tried", nargs=2, type=PLACE, metavar="BUNDLE SUBMISSION",
              help="run a zip through a bundle as the platform would")  # fmt: skip
@click.option("--phase", default=0, show_default=True, help="of --try: 0 public, 1 final")
@click.option("--lint", "linted", type=FOLDER, metavar="BUNDLE", help="say what is wrong with one")
@options("split_seed", "n_models", "rule", "design", "budget", "timeout_s", "sandbox", "secret",
         "runs_secret", "device", "workers", "engine", "data_dir", "cache_dir")  # fmt: skip
@json_option
def command(
    task: str | None,
    output: Path | None,
    title: str | None,
    docker_image: str | None,
    start: datetime.datetime | None,
    end: datetime.datetime | None,
    time_limit_s: int,
    final_split_seed: int | None,
    tried: tuple[Path, Path] | None,
    phase: int,
    linted: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make of TASK a competition: a bundle that the Codabench platform runs with this scorer.

    Oracles are trained on first use, on two splits: that of the public board and one for the final
    phase, which nobody knows who lacks the secret. The bundle holds them and the secret of the
    seeds: give it to the platform alone. Exit code 3 of --try: the submission is at fault.

    \b
    Examples:
      python -m scorer host digits --output contest
      python -m scorer host --try contest packaged/mine/submission.zip
    """
    if sum(each is not None for each in (task, tried, linted)) != 1:
        raise UsageError("host takes one of TASK, --try BUNDLE SUBMISSION and --lint BUNDLE")
    if tried is not None:
        _try(*tried, phase, output, as_json)
    elif linted is not None:
        _lint(linted, as_json)
    else:
        if output is None:
            raise UsageError("host TASK needs --output FOLDER, where the bundle goes")
        from scorer.host.bundle import Plan, make_bundle
        from scorer.options import Options

        chosen = Options(task=str(task), **values)
        plan = Plan(title, docker_image, start, end, time_limit_s, final_split_seed)
        with progress_bar() as progress:
            problems = make_bundle(output, chosen, plan, progress)
        _report(output, problems, as_json)


def _lint(bundle: Path, as_json: bool) -> None:
    """Say what is wrong with a bundle; exit code 1 where something is."""
    from scorer.host.lint import lint

    _report(bundle, lint(bundle), as_json)


def _report(bundle: Path, problems: list[str], as_json: bool) -> None:
    """Say where a bundle is, how large, and what is wrong with it."""
    n_bytes = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    if as_json:
        show_json({"bundle": str(bundle), "size_mib": n_bytes / 2**20, "problems": problems})
    else:
        for problem in problems:
            say(f"problem: {problem}", err=True)
        if not problems:
            say(f"{bundle}: a sound bundle of {n_bytes / 2**20:.1f} MiB; its README.md goes on")
    if problems:
        raise SystemExit(1)


def _try(bundle: Path, submission: Path, phase: int, output: Path | None, as_json: bool) -> None:
    """Run a submission through a bundle and say what the platform would show."""
    from scorer.host.scoring import PAGE
    from scorer.host.trial import try_bundle

    found = try_bundle(bundle, submission, phase)
    page = None
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        page = output / PAGE
        page.write_text(found.page)
    if as_json:
        show_json({"scores": found.scores, "is_at_fault": found.is_at_fault, "log": found.log,
                   "page": None if page is None else str(page), "ingestion_s": found.elapsed_s[0],
                   "scoring_s": found.elapsed_s[1]})  # fmt: skip
    else:
        say(found.log, err=True)
        for name, value in found.scores.items():
            say(f"{name}: {value}")
        taken = f"ingestion {found.elapsed_s[0]:.0f} s, scoring {found.elapsed_s[1]:.0f} s"
        say(taken if page is None else f"{taken}; page: {page}")
    if found.is_at_fault:
        raise SystemExit(3)
