"""Tables in Markdown keep their columns."""

from __future__ import annotations

from scorer.results.markdown import markdown_table


def test_a_bar_in_a_cell_makes_no_column() -> None:
    text = markdown_table(("a", "b"), [("x|y", "z")])
    assert text.splitlines() == ["| a | b |", "|---|---|", r"| x\|y | z |"]
