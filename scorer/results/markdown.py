"""Tables in Markdown, as every generated document has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return rows of cells under their headings; a bar in a cell stays in it."""
    escaped = ([cell.replace("|", r"\|") for cell in cells] for cells in (heads, *rows))
    lines = [f"| {' | '.join(cells)} |" for cells in escaped]
    lines.insert(1, "|" + "---|" * len(heads))
    return "\n".join(lines)
