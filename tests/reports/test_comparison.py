"""Two methods on one page."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.reports.comparison import comparison_page
from scorer.results.compare import compare
from scorer.results.record import read_records
from tests.reports._html import Page
from tests.reports._scores import keep_score


def page_of(results_dir: Path, first: str, second: str) -> Page:
    """Return the page about two methods."""
    found = compare(read_records(results_dir), first, second, results_dir)
    return Page(comparison_page(found, results_dir, "a command"))


@pytest.mark.parametrize(("first", "second"), [("better", "worse"), ("worse", "better")])
def test_the_better_method_is_named_in_either_order(
    board_dir: Path, first: str, second: str
) -> None:
    page = page_of(board_dir, first, second)
    assert "better forgets better than worse" in " ".join(page.text_of("p"))
    assert [one["id"] for one in page.of("section")] == ["difference", "shapes", "numbers"]
    assert "better" in page.text_of("th") and "worse" in page.text_of("th")


def test_what_chance_gives_too_is_called_that(tmp_path: Path) -> None:
    for name in ("one", "two"):
        keep_score(tmp_path, name, 0.5)
    said = " ".join(page_of(tmp_path, "one", "two").text_of("p"))
    assert "These models do not tell which forgets better" in said


def test_hostile_names_are_names(tmp_path: Path) -> None:
    names = "<script>alert(1)<", "$\\frac{"
    for name in names:
        keep_score(tmp_path, name, 0.5)
    page = page_of(tmp_path, *names)
    assert not page.of("script")
    assert any(names[0] in text for text in page.text_of("h1"))
