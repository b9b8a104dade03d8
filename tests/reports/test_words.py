"""What a page prints of a text that somebody else wrote."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from scorer.reports.words import (
    MOST_CHARACTERS,
    MOST_ON_FIGURE,
    cut,
    gate,
    on_figure,
    percent,
    percent_with_error,
)


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\u202eb", "\x00", "a\u200bb"])
def test_what_would_be_obeyed_is_seen(text: str) -> None:
    assert all(one.isprintable() for one in gate(text))


def test_lines_stay_lines_in_a_page_and_not_in_a_figure() -> None:
    assert gate("a\nb") == "a\nb"
    assert on_figure("a\nb") == "a\\nb"


def test_long_texts_are_cut_and_counted() -> None:
    assert gate("x" * MOST_CHARACTERS) == "x" * MOST_CHARACTERS
    assert gate("x" * (MOST_CHARACTERS + 7)).endswith("(7 more characters)")
    assert cut("abc", 2) == "ab … (1 more characters)"
    for name in ("n" * 500, "\x1b" * 500, "\U0001f600" * 500):
        assert len(on_figure(name)) == MOST_ON_FIGURE


def test_markup_and_numbers_pass() -> None:
    assert gate(Markup("<b>x</b>")) == Markup("<b>x</b>")
    assert gate(3) == 3 and gate(None) is None


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0 %"),
        (0.0312, "3.1 %"),
        (0.0999, "10 %"),
        (0.154, "15 %"),
        (-0.02, "-2.0 %"),
        (1, "100 %"),
    ],
)
def test_shares_are_percentages(share: float, shown: str) -> None:
    assert percent(share) == shown


@pytest.mark.parametrize(
    ("share", "error", "shown"),
    [(0.154, 0.026, "15 ± 3 %"), (0.031, 0.0041, "3.1 ± 0.4 %"), (1.04, None, "104 %")],
)
def test_an_error_has_the_decimals_of_its_share(
    share: float, error: float | None, shown: str
) -> None:
    assert percent_with_error(share, error) == shown
