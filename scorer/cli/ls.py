"""`ls`: what can be named."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from scorer.cli._common import (
    folder_options,
    json_option,
    say,
    show,
    show_json,
    show_left_out,
    show_problems,
)
from scorer.kinds import KINDS, Rows

if TYPE_CHECKING:
    from scorer.results.record import Results


def list_kinds() -> Rows:
    """Return what `ls` can list, with the file to add and the one to copy."""
    return [
        {"kind": kind.name, "what one is": kind.about, "to add one": kind.file, "copy": kind.like}
        for kind in KINDS.values()
    ]


def list_results(results: Results) -> Rows:
    """Return every record by its identity."""
    numbers = ("forgetting_quality", "forgetting_quality_se", "ceiling")
    return [
        {"run_id": record.run_id, "method": record.method, **record.identity}
        | {name: getattr(record, name) for name in numbers}
        for record in results
    ]


def table_of(rows: Rows, shown: Sequence[str]) -> Table:
    """Return rows as a table whose cells are folded, never cut; the first column stays whole."""
    table = Table()
    for name in shown:
        table.add_column(name, overflow="fold", no_wrap=name == shown[0])
    for row in rows:
        table.add_row(*(_text(row[name]) for name in shown))
    return table


def _text(value: Any) -> str:
    """Return a cell; a dash where there is no value."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@click.command()
@click.argument("kind", type=click.Choice([*KINDS, "results"]), required=False)
@folder_options
@json_option
def command(kind: str | None, as_json: bool, results_dir: Path, **_: Path) -> None:
    """List what can be named: methods, tasks, rules and other kinds, or the results.

    Without KIND it lists the kinds, and which file adds one.

    \b
    Examples:
      python -m scorer ls
      python -m scorer ls methods
    """
    shown: Sequence[str] = ()
    found: dict[str, Any] = {}
    if kind is None:
        rows = list_kinds()
    elif kind == "results":
        from scorer.results.leaderboard import DIGESTS
        from scorer.results.record import read_records

        results = read_records(results_dir)
        show_problems(results.problems)
        show_left_out(results)
        found["problems"] = [problem.as_dict() for problem in results.problems]
        rows = list_results(results)
        # Digests would fill the table; --json has them.
        shown = [name for name in rows[0] if name not in DIGESTS] if rows else ()
    else:
        rows, shown = KINDS[kind].rows(), KINDS[kind].shown
    if as_json:
        show_json({kind or "kinds": rows, **found})
    elif rows:
        show(table_of(rows, shown or list(rows[0])))
    else:
        say(f"no {kind}")
