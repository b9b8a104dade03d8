"""Records and leaderboards as tables for people: rich on a terminal, Markdown for the README."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from scorer.measures import Measurement, fields, value_at
from scorer.results.leaderboard import Group, Row
from scorer.results.record import Record

MOST_NAMES = 5
"""Methods that are named below a leaderboard for one reason."""

LONGEST_NAME = 32
"""Letters of a method's name in one line of a table."""


def plain_text(*tables: Table, width: int = 100) -> str:
    """Return tables as they look where there are no colours."""
    console = Console(
        width=width, no_color=True, highlight=False, markup=False, emoji=False, file=io.StringIO()
    )
    console.print(*tables)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with that many decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def with_error(value: float | None, error: float | None, digits: int = 3) -> str:
    """Return "0.038 ± 0.006", without the error where there is none."""
    if value is None or error is None:
        return number(value, digits)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def group_title(group: Group) -> str:
    """Return what every number of a group depends on."""
    i = group.identity
    return (
        f"{i['task']}: N={i['n_models']} models, rule {i['rule']}, delta {i['delta']:g},"
        f" design {i['design']}, {i['engine_id']}, fingerprint {i['fingerprint'][:8]}"
    )


def heads(group: Group) -> list[str]:
    """Return the headings of a group's columns."""
    return ["rank", "method", *(entry.column for entry in group.columns())]


def cells(row: Row, columns: Sequence[Measurement]) -> list[str]:
    """Return the cells of a line under `heads`."""
    rank = "-"
    if row.rank_best is not None:
        tied = row.rank_best != row.rank_worst
        rank = f"{row.rank_best}-{row.rank_worst}" if tied else str(row.rank_best)
    shown = [rank, row.method]
    for entry in columns:
        paths = (entry.name, entry.error, entry.within)
        value, error, within = (row.values.get(path or "") for path in paths)
        over = " over budget" if within is False else ""
        shown.append(with_error(value, error, entry.digits) + over)
    return shown


def group_table(group: Group) -> Table:
    """Return a leaderboard of one task, below it why something is missing."""
    table = Table(title=group_title(group), title_justify="left", caption_justify="left")
    for name in heads(group):
        if name == "method":
            # A name may be as long as a file's: it is folded before any number is cut.
            table.add_column(name, overflow="fold", max_width=LONGEST_NAME)
        else:
            table.add_column(name, justify="right", no_wrap=True)
    columns = group.columns()
    table.caption = _gaps(
        (f"{entry.column} of {_listed(names)}", why)
        for entry in columns
        for why, names in _by_reason((r.method, r.missing.get(entry.name)) for r in group.rows)
    )
    for row in group.rows:
        style = {"ceiling": "green", "floor": "red"}.get(row.kind)
        table.add_row(*cells(row, columns), style=style, end_section=row.kind == "ceiling")
    return table


def group_markdown(group: Group) -> str:
    """Return the same table in Markdown, the title as its caption."""
    names, columns = heads(group), group.columns()
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(cells(row, columns)) + " |" for row in group.rows]
    return "\n".join([f"*{group_title(group)}*", "", *lines])


def record_tables(record: Record) -> list[Table]:
    """Return what a score says: the score, its strata, what to mend, why any is missing."""
    i = record.identity
    title = (
        f"{record.method} on {record.task}: N={record.n_models} models, rule {record.rule},"
        f" delta {record.delta:g}, design {i['design']}"
    )
    score = Table(title=title, title_justify="left", caption_justify="left")
    score.add_column("", no_wrap=True)
    score.add_column(record.method, justify="right", overflow="fold", max_width=LONGEST_NAME)
    for name in ("ceiling", "floor"):
        score.add_column(name, justify="right", no_wrap=True)
    mend = Table(
        title="against the oracles, forget set", title_justify="left", caption_justify="left"
    )
    mend.add_column("", no_wrap=True)
    mend.add_column(record.method, justify="right", overflow="fold", max_width=LONGEST_NAME)
    measured = record.measured
    lines = [line for entry in fields().values() for line in entry.lines(measured)]
    of_score = [line for line in lines if line.score_line]
    of_diagnosis = [
        line
        for line in lines
        if line.diagnosis_line and (value_at(measured, line.name) or not line.hidden_at_zero)
    ]
    for line in of_score:
        score.add_row(line.score_line, *_score_cells(record, line))
    for line in of_diagnosis:
        mend.add_row(line.diagnosis_line, _diagnosis_cell(record, line))
    score.caption = _gaps((line.score_line, record.why_missing(line.name)) for line in of_score)
    mend.caption = _gaps(
        (line.diagnosis_line, record.why_missing(line.name)) for line in of_diagnosis
    )
    return [score, mend]


def _gaps(found: Iterable[tuple[str, str | None]]) -> str | None:
    """Return a line for each reason that something is missing, with what it is."""
    lines = [f"missing: {', '.join(what)} ({why})" for why, what in _by_reason(found)]
    return "\n".join(lines) or None


def _by_reason(found: Iterable[tuple[str, str | None]]) -> Iterable[tuple[str, list[str]]]:
    """Return what is missing for each reason; what has no reason is there."""
    by_reason: dict[str, list[str]] = {}
    for what, reason in found:
        if reason:
            by_reason.setdefault(reason, []).append(what.strip())
    return by_reason.items()


def _listed(names: Sequence[str]) -> str:
    """Return names, or how many they are where they would fill the page."""
    return ", ".join(names) if len(names) <= MOST_NAMES else f"{len(names)} methods"


def _score_cells(record: Record, entry: Measurement) -> list[str]:
    """Return a number beside ceiling and floor."""
    sources = (entry.name, entry.error, entry.ceiling, entry.ceiling_error, entry.floor)
    value, error, ceiling, ceiling_error, floor = (value_at(record.measured, s) for s in sources)
    is_over = value_at(record.measured, entry.within) is False
    over = f" (over {record.budget:g})" if is_over and record.budget else ""
    return [
        with_error(value, error, entry.digits) + over,
        with_error(ceiling, ceiling_error, entry.digits),
        number(floor, entry.digits),
    ]


def _diagnosis_cell(record: Record, entry: Measurement) -> str:
    """Return a number, in brackets its ceiling where it has one."""
    shown = number(value_at(record.measured, entry.name), entry.digits)
    if entry.ceiling is None:
        return shown
    return f"{shown} ({number(value_at(record.measured, entry.ceiling), entry.digits)})"
