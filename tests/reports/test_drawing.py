"""Figures inside a page: the page's colours, ids of their own, text that is text."""

from __future__ import annotations

import re

import pytest

from scorer.reports.drawing import METHOD, NAMES, inline_svg, new_panel, page_style, plain_numbers
from scorer.reports.page import TEMPLATES


def drawn(label: str, name: str = "one") -> str:
    """Return the SVG of a line with a label."""
    with page_style():
        figure, axes = new_panel()
        axes.plot([1, 1000], [0, 1], "o-", color=METHOD, label=label)
        axes.set(xscale="log", xlabel=label)
        plain_numbers(axes.xaxis)
        axes.legend()
        return str(inline_svg(figure, name, f"about {label}"))


def test_colours_are_variables_of_both_schemes() -> None:
    svg = drawn("a")
    assert "var(--method)" in svg and METHOD.lower() not in svg.lower()
    style = (TEMPLATES / "style.css").read_text()
    for variable in set(NAMES.values()):
        assert len(re.findall(rf"--{variable}: ", style)) == 3


def test_parts_of_two_figures_have_other_ids() -> None:
    one, other = (set(re.findall(r'id="([^"]+)"', drawn("a", name))) for name in ("one", "two"))
    assert one and not one & other


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert drawn("a") == drawn("a")


@pytest.mark.parametrize("label", ["$x^2$", "$\\frac{", "a$b", "\u4e2d\u6587", "a<b>&amp;"])
def test_labels_are_text_as_they_are(label: str) -> None:
    svg = drawn(label)
    escaped = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert svg.count(f">{escaped}</text>") == 2
    assert 'role="img"' in svg and "about" in svg


def test_logarithmic_axes_have_plain_numbers() -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn("a"))
    assert {"1", "10", "100", "1000"} <= set(texts)
