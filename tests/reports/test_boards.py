"""The board as a page: every row, its links, its ties, and what is not ranked."""

from __future__ import annotations

from pathlib import Path

from scorer.reports.boards import board_page
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import Problem, arrays_path, read_records
from tests.reports._html import Page
from tests.reports._scores import keep_score


def page_of(results_dir: Path, out: Path) -> Page:
    """Return the page of all results in a folder."""
    found = read_records(results_dir)
    board = build_leaderboard(found)
    return Page(board_page(board, found.records, found.problems, results_dir, out, "a command"))


def test_every_row_has_its_numbers_and_a_small_picture(board_dir: Path) -> None:
    page = page_of(board_dir, board_dir / "board.html")
    names = page.text_of("th")
    assert [name for name in names if name in ("mine", "better", "worse")] == [
        "better",
        "mine",
        "worse",
    ]
    assert {"ceiling", "floor"} <= set(names)
    pictures = [one for one in page.of("svg") if one.get("class") == "spark"]
    assert len(pictures) == 3 and all("earn nothing" in one["aria-label"] for one in pictures)
    assert len([one for one in page.of("svg") if one.get("class") == "ties"]) == 3


def test_boards_are_counted_and_headed_by_what_sets_them_apart(tmp_path: Path) -> None:
    keep_score(tmp_path, "one")
    keep_score(tmp_path, "two", scenario="retain-free")
    page = page_of(tmp_path, tmp_path / "board.html")
    assert "2 scores on 2 boards" in " ".join(page.text_of("p"))
    assert {"digits", "digits, scenario retain-free"} <= set(page.text_of("h2"))


def test_reports_that_are_there_are_linked_from_where_the_page_lies(tmp_path: Path) -> None:
    results, out = tmp_path / "results", tmp_path / "pages" / "board.html"
    record = keep_score(results, "a & b?")
    keep_score(results, "other")
    arrays_path(record, results).with_suffix(".html").write_text("")
    links = [one["href"] for one in page_of(results, out).of("a") if "skip" not in one.values()]
    assert links == ["../results/digits/a%20%26%20b%3F/run-a%20%26%20b%3F.html"]


def test_what_is_not_ranked_or_not_read_is_named(tmp_path: Path) -> None:
    keep_score(tmp_path, "one")
    keep_score(tmp_path, "two")
    keep_score(tmp_path, "<i>apart<b>", design="reuse-2")
    (tmp_path / "digits" / "one" / "bad.json").write_text("{")
    page = page_of(tmp_path, tmp_path / "board.html")
    assert "<i>apart<b>" in page.text_of("th")
    assert "design reuse-2 instead of reuse-1" in page.text_of("td")
    assert any("bad.json is not JSON" in text for text in page.text_of("li"))


def test_a_row_without_arrays_has_no_small_picture(tmp_path: Path) -> None:
    for name in ("one", "two"):
        record = keep_score(tmp_path, name)
    arrays_path(record, tmp_path).write_bytes(b"")
    page = page_of(tmp_path, tmp_path / "board.html")
    assert len([one for one in page.of("svg") if one.get("class") == "spark"]) == 1


def test_an_empty_board_is_a_page(tmp_path: Path) -> None:
    board = build_leaderboard([])
    problem = Problem(tmp_path, "a problem")
    page = Page(board_page(board, [], [problem], tmp_path, tmp_path / "x.html", "a command"))
    assert "0 scores on 0 boards" in " ".join(page.text_of("p"))
    assert "a problem" in page.text_of("li")


def test_the_only_script_is_the_one_that_the_page_allows(board_dir: Path) -> None:
    page = page_of(board_dir, board_dir / "board.html")
    assert len(page.of("script")) == 1 and "src" not in page.of("script")[0]
    (policy,) = [one for one in page.of("meta") if "http-equiv" in one]
    assert "default-src 'none'" in policy["content"] and "sha256-" in policy["content"]
