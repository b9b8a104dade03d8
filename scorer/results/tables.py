"""Records and leaderboards as tables for people: rich on a terminal, Markdown for the README."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, JustifyMethod
from rich.table import Column, Table

from scorer.measures import fields
from scorer.measures.base import Measurement, Values, value_at
from scorer.results.board_names import board_name
from scorer.results.check import FAILS, HOLDS, Check
from scorer.results.examples import VERDICTS, Examples
from scorer.results.leaderboard import Group, Row, columns
from scorer.results.markdown import markdown_table
from scorer.results.record import Record

LONGEST_NAME = 32
"""Characters of a method's name on one line."""

LEFT = ("", "method", "stratum", "verdict")
"""Headings of columns that hold no numbers."""

MOST_EXAMPLES = 12
"""Examples that are shown one by one."""

SMALLEST_P = 0.001
"""Below it a p-value is shown as smaller than that: no p is 0."""

MOST_NAMES = 5
"""Methods that are named below a leaderboard for one reason."""


def plain_text(*tables: Table, width: int = 100) -> str:
    """Return tables as they look where there are no colours."""
    buffer = io.StringIO()
    console = Console(
        width=width, no_color=True, highlight=False, markup=False, emoji=False, file=buffer
    )
    console.print(*tables)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def number(value: float | str | None, digits: int = 3) -> str:
    """Return a number with that many decimals, a text as it is, a dash where there is none."""
    if isinstance(value, str):
        return value
    return "-" if value is None else f"{value:.{digits}f}"


def p_number(value: float | None) -> str:
    """Return a p-value, "< 0.001" where its decimals would show none of it."""
    return number(value) if value is None or value >= SMALLEST_P else f"< {SMALLEST_P}"


def p_equation(value: float) -> str:
    """Return "p = 0.005" or "p < 0.001"."""
    shown = p_number(value)
    return f"p {shown}" if shown.startswith("<") else f"p = {shown}"


def with_error(value: float | str | None, error: float | None, digits: int = 3) -> str:
    """Return "0.038 ± 0.006", without the error where there is none."""
    shown = number(value, digits)
    return shown if value is None or error is None else f"{shown} ± {number(error, digits)}"


def group_title(group: Group) -> str:
    """Return what every number of a group depends on."""
    i = group.identity
    return (
        f"{board_name(i)}: N={i['n_models']} models, rule {i['rule']}, delta {i['delta']:g},"
        f" design {i['design']}, {i['engine_id']}, fingerprint {i['fingerprint'][:8]}"
    )


def heads(group: Group) -> list[str]:
    """Return the headings of a group's columns."""
    return ["rank", "method", *(entry.column for entry in group.columns())]


def cells(row: Row, columns: Sequence[Measurement]) -> list[str]:
    """Return the cells of a line under `heads`."""
    rank = "-" if row.rank_best is None else str(row.rank_best)
    if row.rank_best != row.rank_worst:
        rank = f"{row.rank_best}-{row.rank_worst}"
    shown = [rank, row.method]
    for entry in columns:
        value, error = (row.values.get(path or "") for path in (entry.name, entry.error))
        shown.append(with_error(value, error, entry.digits))
    return shown


def group_table(group: Group) -> Table:
    """Return a leaderboard of one task, below it why something is missing."""
    columns = group.columns()
    table = _table(group_title(group), [_on_two_lines(head) for head in heads(group)])
    table.caption = "\n".join(group_gaps(group)) or None
    n_pinned = sum(row.kind in ("ceiling", "reference") for row in group.rows)
    for place, row in enumerate(group.rows, start=1):
        style = {"ceiling": "green", "reference": "cyan", "floor": "red"}.get(row.kind)
        table.add_row(*cells(row, columns), style=style, end_section=place == n_pinned)
    return table


def _on_two_lines(head: str) -> str:
    """Return a heading that is no wider than the numbers below it."""
    return "\n".join(head.rsplit(" ", 1))


def group_gaps(group: Group) -> list[str]:
    """Return a sentence for each reason that something is missing on a leaderboard."""
    return _gaps(
        (f"{entry.column} of {_listed(names)}", why)
        for entry in group.columns()
        for why, names in _by_reason((r.method, r.missing.get(entry.name)) for r in group.rows)
    )


def group_markdown(group: Group) -> str:
    """Return the same table in Markdown, the title as its caption."""
    rows = (cells(row, group.columns()) for row in group.rows)
    return f"*{group_title(group)}*\n\n{markdown_table(heads(group), rows)}"


def record_tables(record: Record) -> list[Table]:
    """Return what a score says: the score, its strata, what to mend, why any is missing."""
    title = (
        f"{record.method} on {record.board}: N={record.n_models} models, rule {record.rule},"
        f" delta {record.delta:g}, design {record.design}"
    )
    score = _table(title, ["", record.method, "ceiling", "floor"])
    mend = _table("against the oracles, forget set", ["", record.method])
    for table, lines in ((score, score_lines(record)), (mend, diagnosis_lines(record))):
        for line in lines:
            table.add_row(line.label, *line.cells)
    said = [f"warning: {one}" for one in warnings(record)]
    score.caption = "\n".join((*said, *gaps(score_lines(record)))) or None
    mend.caption = "\n".join(gaps(diagnosis_lines(record))) or None
    return [*([requests_table(record)] if record.requests else []), score, mend]


def requests_table(record: Record) -> Table:
    """Return a row for the state after each request of a stream, and one for all of it.

    The last row holds what the record's other tables do: the state after the last request, with
    the costs of a mean request and the budget of all.
    """
    states = [after["measured"] for after in record.requests]
    shown = [e for e in columns() if any(value_at(it, e.name) is not None for it in states)]
    table = Table(
        title=f"{record.method} on {record.task}: request by request; in brackets, examples so far",
        title_justify="left",
    )
    for head in ("request", *(entry.column for entry in shown), "ceiling", "floor"):
        table.add_column(_on_two_lines(head), justify="right", no_wrap=True)
    for after in record.requests:
        named = f"{after['request']} ({after['n_requested']})"
        is_last = after is record.requests[-1]
        table.add_row(named, *_request_cells(after["measured"], shown), end_section=is_last)
    if not record.faults:
        table.add_row("all", *_request_cells(record.measured, shown))
    return table


def _request_cells(values: Values, shown: Sequence[Measurement]) -> list[str]:
    """Return the columns of a leaderboard for one state, and ceiling and floor of its F."""
    found = [
        with_error(value_at(values, e.name), value_at(values, e.error), e.digits) for e in shown
    ]
    return [*found, *(number(value_at(values, name)) for name in ("ceiling", "floor"))]


@dataclass(frozen=True)
class Line:
    """One line of a table about a score.

    Attributes:
        label: what the numbers are.
        cells: the numbers.
        reason: why one is missing, None where it is there.
    """

    label: str
    cells: list[str]
    reason: str | None


def score_lines(record: Record) -> list[Line]:
    """Return the lines of a score: each number beside ceiling and floor."""
    return [
        Line(entry.score_line, _score_cells(record, entry), record.why_missing(entry.name))
        for entry in _entries(record)
        if entry.score_line
    ]


def diagnosis_lines(record: Record) -> list[Line]:
    """Return the lines of what to mend."""
    return [
        Line(entry.diagnosis_line, [_diagnosis_cell(record, entry)], record.why_missing(entry.name))
        for entry in _entries(record)
        if entry.diagnosis_line
        and (value_at(record.measured, entry.name) or not entry.hidden_at_zero)
        and (value_at(record.measured, entry.group) is not None or not entry.is_extra)
    ]


def _entries(record: Record) -> Iterator[Measurement]:
    """Yield every entry that may be a line, one a key where a number has several."""
    return (line for entry in fields().values() for line in entry.lines(record.measured))


def gaps(lines: Iterable[Line]) -> list[str]:
    """Return a sentence for each reason that something is missing, with what it is."""
    return _gaps((line.label, line.reason) for line in lines)


def examples_tables(examples: Examples) -> list[Table]:
    """Return how many examples have each verdict, and the worst of them."""
    record = examples.record
    title = f"{record.method} on {record.task}, example by example"
    # On two lines a heading leaves room on a narrow terminal.
    counts = _table(title, ["", *(one.replace("far as", "far\nas") for one in VERDICTS)])
    rows = examples.counts()
    if len(rows) > 1:
        total = {one: sum(row[one] for row in rows.values()) for one in VERDICTS}
        rows = {**rows, "all": total}
    for name, row in rows.items():
        counts.add_row(name or "-", *(str(row[one]) for one in VERDICTS))
    counts.caption = reach(examples)
    worst = _table("the worst", ["no.", "stratum", "epsilon", "at\nleast", "p", "bias", "verdict"])
    for one in examples.worst(MOST_EXAMPLES):
        shown = (
            number(one.epsilon, 2),
            number(one.epsilon_lb, 2),
            p_number(one.p_adjusted),
            number(one.mean_error, 1),
        )
        worst.add_row(str(one.example), one.stratum or "-", *shown, one.verdict)
    worst.caption = (
        "no.: place in the forget set; at least: certified, 95 % each; p: adjusted for"
        " all examples; bias: in oracle sd, positive is too sure of the label"
    )
    return [counts, worst]


def reach(examples: Examples) -> str:
    """Return what the verdicts rest on, and how far these models see."""
    n = examples.record.n_models
    smallest, largest = examples.detectable_epsilon, examples.certifiable_epsilon
    if smallest is None:
        return f"{n} models tell nothing of single examples: not even banks without overlap"
    return (
        f"N={n} notices a true epsilon from {number(smallest, 2)} (in 4 of 5 repeats), certifies"
        f" at most {number(largest, 2)}; chance alone gives up to"
        f" {number(examples.chance_epsilon, 2)} (19 of 20 examples)"
    )


def checks_table(record: Record, checks: Iterable[Check]) -> Table:
    """Return what was looked at of a record, and what came of it."""
    table = Table(
        "what",
        "verdict",
        Column("found", overflow="fold"),
        title=f"{record.method} on {record.task}, {record.run_id}",
        title_justify="left",
    )
    styles = {HOLDS: "green", FAILS: "red"}
    for check in checks:
        table.add_row(check.name, check.verdict, check.said, style=styles.get(check.verdict))
    return table


def warnings(record: Record) -> list[str]:
    """Return what makes the score of a record doubtful, a sentence each."""
    found = ((entry, value_at(record.measured, entry.name)) for entry in fields().values())
    return [entry.warning.format(value=value) for entry, value in found if entry.warning and value]


def _table(title: str, names: Iterable[str]) -> Table:
    """Return a table without rows; what is not a number stands to the left.

    The second column is the method's, whose name may be as long as that of a file: it is folded
    before any number is cut.
    """
    table = Table(title=title, title_justify="left", caption_justify="left")
    for place, name in enumerate(names):
        justify: JustifyMethod = "left" if name in LEFT else "right"
        longest = LONGEST_NAME if place == 1 else None
        table.add_column(
            name, justify=justify, no_wrap=longest is None, overflow="fold", max_width=longest
        )
    return table


def _gaps(found: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return a line for each reason that something is missing, with what it is."""
    return [f"missing: {', '.join(what)} ({why})" for why, what in _by_reason(found)]


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
    return [
        with_error(value, error, entry.digits),
        with_error(ceiling, ceiling_error, entry.digits),
        number(floor, entry.digits),
    ]


def _diagnosis_cell(record: Record, entry: Measurement) -> str:
    """Return a number, in brackets its ceiling where it has one."""
    sources = (entry.name, entry.error, entry.ceiling, entry.ceiling_error)
    value, error, ceiling, ceiling_error = (value_at(record.measured, one) for one in sources)
    shown = with_error(value, error, entry.digits)
    if entry.ceiling is None:
        return shown
    return f"{shown} ({with_error(ceiling, ceiling_error, entry.digits)})"
