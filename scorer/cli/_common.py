"""What verbs share: options, progress on stderr, tables and JSON on stdout."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import click
from rich import progress as rich_progress
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from scorer.cli._fitted import fitted, spelled
from scorer.options import OWN_FORGET_SET, Options, flag, names_known
from scorer.shown import shown

if TYPE_CHECKING:
    from scorer.results.record import Problem, Results

Command = Callable[..., Any]

LABELS = {
    "images": "reading images",
    "difficulty": "measuring which examples are hard",
    "train": "training models",
    "try": "trying the first run",
    "unlearn": "unlearning",
    "evaluate": "evaluating checkpoints",
    "barrier": "walking between weights",
    "score": "scoring",
    "bench": "measuring, rounds",
    "study": "computing, parts",
}

WIDTH, HEIGHT = 140, 25
"""Columns of a table that does not go to a terminal, and lines, which do not matter there."""


class Setting(click.Option):
    """A flag made from a field of `Options`.

    The names to choose from are read only where help is shown, since to read them imports them.
    """

    def __init__(self, declarations: list[str], field: dataclasses.Field[Any]):
        """Take default, type and help from the field."""
        self._known = None if field.metadata.get("unlisted") else field.metadata.get("known")
        hint = get_type_hints(Options)[field.name]
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
        is_made = field.default is dataclasses.MISSING
        super().__init__(
            declarations,
            type=DIRECTORY if kinds == [Path] else kinds[0],
            default=field.default_factory if is_made else field.default,
            show_default=not is_made and field.default is not None,
            help=field.metadata["about"],
        )

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Add the names to choose from."""
        if self._known:
            self.help = f"{self.help}: {' or '.join(names_known(self._known))}"
            self._known = None
        return super().get_help_record(ctx)


DIRECTORY = click.Path(file_okay=False, resolve_path=True, path_type=Path)
FILE = click.Path(dir_okay=False, resolve_path=True, path_type=Path)


def options(*names: str) -> Callable[[Command], Command]:
    """Return what adds a flag for each of these fields of `Options`, all of them by default.

    The command is called with the values by name, as `Options` takes them.
    """
    chosen = [field for field in dataclasses.fields(Options) if not names or field.name in names]

    def add(function: Command) -> Command:
        for field in reversed(chosen):
            names = (*filter(None, [field.metadata.get("short")]), flag(field.name))
            function = click.option(*names, cls=Setting, field=field)(function)
        return function

    return add


def task_name(task: str, results_dir: Path) -> str:
    """Return the name that results of a task lie under; that of own images may be typed too.

    Raises:
        UsageError: there is neither such a task nor such a result.
    """
    from scorer.tasks import TASKS

    is_kept = bool(task) and Path(task).name == task and (results_dir / task).is_dir()
    return task if is_kept and task not in TASKS else TASKS[task].name


def forget_name(forget: str, scored: Collection[str]) -> str:
    """Return how records name a forget set that was typed, which may be done as they do too.

    Args:
        forget: what stands behind `--forget`.
        scored: names of those that there are records of.

    Raises:
        UsageError: there is no such forget set.
    """
    if forget in scored or forget == OWN_FORGET_SET:
        return forget
    from scorer.tasks.forget.spec import name_of

    return name_of(forget)


FOLDERS = ("results_dir", "data_dir", "cache_dir")

folder_options = options(*FOLDERS)

function_option = click.option(
    "--function", default="", metavar="NAME", help="which function or class; default: unlearning"
)

json_option = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")


def say(text: str, err: bool = False) -> None:
    """Print lines to stdout or stderr; what a terminal would obey in them is escaped."""
    encoding = getattr(sys.stderr if err else sys.stdout, "encoding", None) or "utf-8"
    click.echo(spelled(shown(text), encoding), err=err)


class Seen:
    """A table of whose text a terminal obeys nothing, only its styles."""

    def __init__(self, table: RenderableType) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Yield the table's parts."""
        for part in console.render(self._table, options):
            yield part if part.control else Segment(shown(part.text), part.style)


def show(*tables: Table) -> None:
    """Print tables to stdout: styled and no wider than it on a terminal, plain elsewhere."""
    terminal = sys.stdout.isatty()
    # Of the system, and height too: or rich takes one that knows no colours for one of 80 columns.
    width, height = shutil.get_terminal_size() if terminal else (WIDTH, HEIGHT)
    # Names come from files, so what looks like markup in them is text.
    as_text: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
    console = Console(width=width, height=height, no_color=not terminal, **as_text)
    parts = (part for table in tables for part in fitted(table, width, console.encoding))
    console.print(*map(Seen, parts))


def show_json(value: Any) -> None:
    """Print one JSON object to stdout; NaN and infinity are errors, never written."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def show_left_out(results: Results) -> None:
    """Say on stderr which fields of which records are not known to this kit."""
    by_fields: dict[tuple[str, ...], list[str]] = {}
    for run_id, names in results.left_out.items():
        by_fields.setdefault(tuple(names), []).append(run_id)
    for fields, runs in by_fields.items():
        of = runs[0] if len(runs) == 1 else f"{len(runs)} records"
        what = f"{', '.join(fields)} of {of}"
        say(f"note: not known here, kept and not shown: {what}", err=True)


def show_problems(problems: Iterable[Problem]) -> None:
    """Name on stderr what is wrong with files of results."""
    for problem in problems:
        say(f"not read: {problem.message}", err=True)


def show_adapted(notes: Iterable[str]) -> None:
    """Say on stderr what was adapted of a file to run it."""
    for note in notes:
        say(f"adapted: {note}", err=True)


def show_tier(chosen: Options) -> None:
    """Say on stderr how far submissions are kept apart on this machine."""
    from scorer.runner.tiers import said

    say(f"sandbox: {said(chosen.sandbox, chosen.torch_device)}", err=True)


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
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=console) as progress:
        bars: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(LABELS[what], total=total)
            progress.update(bars[what], completed=done, total=total)

        yield update


def _plain_progress(what: str, done: int, total: int) -> None:
    """Write one line when a piece of work begins and one when it is done."""
    if done in (0, total):
        say(f"{LABELS[what]}: {done}/{total}", err=True)
