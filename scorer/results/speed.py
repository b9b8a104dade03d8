"""Figures of a bench as a table, for a terminal and for the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from scorer.results.markdown import markdown_table

COLUMNS = ("", "median", "min to max", "unit", "n")


def speed_table(values: Mapping[str, Any]) -> Table:
    """Return the figures of a bench with the machine as its title.

    Args:
        values: the JSON of a bench.
    """
    table = Table(*COLUMNS, title=f"{values['bench']}: {made_on(values)}", title_justify="left")
    for row in _rows(values):
        table.add_row(*row)
    return table


def speed_markdown(values: Mapping[str, Any]) -> str:
    """Return the figures, the notes and the machine of a bench as Markdown."""
    notes = [*values["notes"], f"measured on {made_on(values)}: `{values['command']}`"]
    return "\n".join([markdown_table(COLUMNS, _rows(values)), "", *(f"- {it}" for it in notes)])


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


def number(value: float) -> str:
    """Return three significant digits, never an exponent below a million."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
