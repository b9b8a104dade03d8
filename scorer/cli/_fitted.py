"""Tables for the terminal that there is: too wide a one becomes several, and no cell is cut."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len
from rich.table import Column, Table

LEAST_FOLDED = 12
"""Characters below which a cell that may be folded cannot be read any more."""

MOST_KEYS = 0.7
"""Share of the terminal that the columns which tell what a line is of may take."""

BESIDE_CELL = 3
"""Characters of a border and the spaces on both sides of a cell."""

SPELLED = {"±": "+-", "…": "..."}
"""How characters are written where the encoding lacks them."""


def spelled(text: str, encoding: str) -> str:
    """Return a text without the characters that the encoding lacks and that can be spelled."""
    if encoding.lower().replace("-", "").startswith("utf"):
        return text
    for sign, spelling in SPELLED.items():
        text = text.replace(sign, spelling)
    return text


def fitted(table: Table, width: int, encoding: str = "utf-8") -> Iterator[Table]:
    """Yield a table as it is, or tables that stand below one another and are no wider than that.

    The first column, or the first two where the second holds names, tell what a line is of and
    stand in each part; they are folded where they would take most of the terminal, and so is a
    single column that is wider than what they leave.

    Args:
        table: whose cells are texts.
        width: of the terminal, in characters.
        encoding: of what it is written to.
    """
    columns = table.columns
    has_names = len(columns) > 1 and columns[1].justify == "left" and not columns[1].no_wrap
    n_keys = 2 if has_names and columns[0].no_wrap else 1
    keys, others = range(n_keys), range(n_keys, len(columns))
    least = [_least_width(column, encoding) for column in columns]
    are_long = sum(least[index] for index in keys) > MOST_KEYS * width
    if are_long:
        least[:n_keys] = [min(each, LEAST_FOLDED + BESIDE_CELL) for each in least[:n_keys]]
    left = width - 1 - sum(least[index] for index in keys)
    groups: list[list[int]] = [[]]
    taken = 0
    for index in others:
        if groups[-1] and taken + least[index] > left:
            groups.append([])
            taken = 0
        groups[-1].append(index)
        taken += least[index]
    for place, group in enumerate(groups):
        folded = {index for index in keys if are_long}
        folded |= {index for index in group if least[index] > left}
        yield _part(table, [*keys, *group], place, len(groups), encoding, folded)


def _least_width(column: Column, encoding: str) -> int:
    """Return the characters that a column needs, its border included."""
    heads, cells = (
        max(
            (cell_len(spelled(line, encoding)) for text in texts for line in str(text).split("\n")),
            default=0,
        )
        for texts in ((column.header,), column.cells)
    )
    longest = max(heads, cells)
    if column.no_wrap:
        return longest + BESIDE_CELL
    # To the right stand numbers, of which none is folded, below a name that may be.
    whole = cells if column.justify == "right" else 0
    return max(whole, min(longest, column.max_width or longest, LEAST_FOLDED)) + BESIDE_CELL


def _part(
    table: Table,
    chosen: Sequence[int],
    place: int,
    n_parts: int,
    encoding: str,
    folded: Collection[int],
) -> Table:
    """Return a table of some columns; the first has the title, the last what stands below."""
    part = Table(
        title=table.title if place == 0 else None,
        caption=table.caption if place == n_parts - 1 else None,
        title_justify=table.title_justify,
        caption_justify=table.caption_justify,
    )
    for index in chosen:
        column = table.columns[index]
        part.add_column(
            spelled(str(column.header), encoding),
            justify=column.justify,
            no_wrap=column.no_wrap and index not in folded,
            overflow="fold",
            max_width=column.max_width,
        )
    cells = [list(table.columns[index].cells) for index in chosen]
    for number, row in enumerate(table.rows):
        texts = (spelled(str(column[number]), encoding) for column in cells)
        part.add_row(*texts, style=row.style, end_section=row.end_section)
    return part
