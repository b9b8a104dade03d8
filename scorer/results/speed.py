"""Figures and tables of a bench, for a terminal and for the documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from scorer.results.markdown import markdown_table

COLUMNS = ("", "median", "min to max", "unit", "n")


def speed_tables(values: Mapping[str, Any]) -> list[Table]:
    """Return the figures of a bench with the machine as their title, and its tables.

    Args:
        values: the JSON of a bench.
    """
    title = f"{values['bench']}: {made_on(values)}"
    parts: list[tuple[str, str, Sequence[str], Sequence[Sequence[str]]]] = []
    if values["figures"]:
        parts.append((title, "", COLUMNS, _rows(values)))
    parts += [(one["title"], one["about"], one["heads"], _cells(one)) for one in _tables(values)]
    found = []
    for title, about, heads, rows in parts:
        table = Table(*heads, title=title, title_justify="left")
        table.caption, table.caption_justify = about, "left"
        for row in rows:
            table.add_row(*row)
        found.append(table)
    return found


def speed_markdown(values: Mapping[str, Any]) -> str:
    """Return the figures, the tables, the notes and the machine of a bench as Markdown."""
    notes = [*values["notes"], f"measured on {made_on(values)}: `{values['command']}`"]
    parts = [markdown_table(COLUMNS, _rows(values))] if values["figures"] else []
    for one in _tables(values):
        title = one["title"][:1].upper() + one["title"][1:]
        parts += [f"**{title}.** {one['about']}", markdown_table(one["heads"], _cells(one))]
    return "\n\n".join([*parts, "\n".join(f"- {it}" for it in notes)])


def made_on(values: Mapping[str, Any]) -> str:
    """Return device, processors and versions in one line."""
    e = values["environment"]
    return f"{e['device_name']}, {e['cores']} cores, Python {e['python']}, torch {e['torch']}"


def _rows(values: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return one row a figure."""
    rows: list[tuple[str, ...]] = []
    for one in values["figures"]:
        spread = f"{number(one['min'])} to {number(one['max'])}" if one["n"] > 1 else ""
        rows.append((one["name"], number(one["median"]), spread, one["unit"], str(one["n"])))
    return rows


def _tables(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables of a bench, of which most have none."""
    return list(values.get("tables", []))


def _cells(table: Mapping[str, Any]) -> list[list[str]]:
    """Return the cells of a table as they are shown: numbers rounded, words as they are."""
    return [[_cell(value) for value in row] for row in table["rows"]]


def _cell(value: str | int | float) -> str:
    """Return one cell."""
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """Return three significant digits, never an exponent below a million."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
