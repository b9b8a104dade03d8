"""What verbs share: options, progress on stderr, tables and JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from scorer import settings

if TYPE_CHECKING:
    from scorer.results.record import Problem

Command = Callable[..., Any]

LABELS = {
    "difficulty": "measuring which examples are hard",
    "train": "training models",
    "unlearn": "unlearning",
    "score": "scoring",
    "bench": "measuring, rounds",
}

WIDTH = 140
"""Columns of a table that does not go to a terminal."""


def folder_options(function: Command) -> Command:
    """Add --cache-dir, --data-dir and --results-dir."""
    kind = click.Path(file_okay=False, resolve_path=True, path_type=Path)
    for name, default in (
        ("results", settings.default_results_dir),
        ("data", settings.default_data_dir),
        ("cache", settings.default_cache_dir),
    ):
        function = click.option(
            f"--{name}-dir",
            type=kind,
            default=default,
            help=f"default: {name.upper()}_DIR, or {default().name}/ in the project",
        )(function)
    return function


def task_options(function: Command) -> Command:
    """Add what decides which models are trained and where."""
    for decorator in (
        click.option("--engine", default="local", help="where shards run", show_default=True),
        click.option("--workers", type=click.IntRange(1), help="processes; default one a core"),
        click.option("--device", default="auto", help="auto, cpu or cuda", show_default=True),
        click.option("--split-seed", default=0, help="another split and forget set of the data"),
        click.option(
            "--n-models", default=64, help="models per side, N", show_default=True, metavar="N"
        ),
        click.option("--task", default="digits", help="see `ls tasks`", show_default=True),
    ):
        function = decorator(function)
    return folder_options(function)


json_option = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")


def show(*tables: RenderableType) -> None:
    """Print tables to stdout: styled on a terminal, plain elsewhere."""
    terminal = sys.stdout.isatty()
    width = None if terminal else WIDTH
    # Names come from files, so what looks like markup in them is text.
    console = Console(
        width=width, no_color=not terminal, highlight=False, markup=False, emoji=False
    )
    for table in tables:
        console.print(table)


def show_json(value: Any) -> None:
    """Print one JSON object to stdout; NaN and infinity are errors, never written."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def show_problems(problems: Iterable[Problem]) -> None:
    """Name on stderr what is wrong with files of results."""
    for problem in problems:
        click.echo(f"not read: {problem.message}", err=True)


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function (what, done, total) that shows bars on stderr.

    Where stderr is not a terminal each piece of work is one line at its end.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_progress
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(LABELS[what], total=total)
            progress.update(bars[what], completed=done, total=total)

        yield update


def _plain_progress(what: str, done: int, total: int) -> None:
    """Write one line when a piece of work begins and one when it is done."""
    if done in (0, total):
        click.echo(f"{LABELS[what]}: {done}/{total}", err=True)
