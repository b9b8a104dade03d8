"""All pages in a real browser: wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from scorer.reports.boards import board_page
from scorer.reports.comparison import comparison_page
from scorer.reports.page import write_page
from scorer.reports.report import Report
from scorer.results.compare import compare
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import read_records
from tests.reports._browser import Browser, find_browser

WIDTHS = (1440, 390)
PAGES = ("report", "board", "comparison")
LEAST_CONTRAST = 4.5
LEAST_CONTRAST_LARGE = 3.0

CONTRASTS = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => {
      v /= 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("style, script")) continue;
    if (!node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const colour = parse(node.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(colour), light(behind(node))].sort((x, y) => y - x);
    found.push({
      text: walker.currentNode.data.trim().slice(0, 40),
      ratio: (a + 0.05) / (b + 0.05),
      large: parseFloat(style.fontSize) >= 24,
    });
  }
  return found;
})()
"""

HEADINGS = '[...document.querySelectorAll("h1,h2,h3,h4")].map((one) => Number(one.tagName[1]))'

UNNAMED = """
[...document.querySelectorAll("img, svg[role=img], [role=region], a, button")].filter((one) =>
  !(one.getAttribute("alt") || one.getAttribute("aria-label") || one.textContent.trim())).length
"""

ESCAPING = """
[...document.querySelectorAll("main *")].filter((one) =>
  !one.closest("svg, .scroll, pre") && one.getBoundingClientRect().right > innerWidth + 1).length
"""

SQUEEZED = """
[...document.querySelectorAll("th, td")].filter((one) =>
  one.getClientRects().length && one.clientWidth < 60 && one.clientHeight > 100).length
"""

SORTED = """
(() => {
  const table = document.querySelector("table.board");
  const heads = [...table.tHead.rows[0].cells];
  const place = heads.findIndex((one) => one.textContent.trim() === "relative score");
  heads[place].querySelector("button").click();
  const read = () => [...table.tBodies[0].rows].map((row) => row.cells[place].dataset.value);
  const up = read();
  heads[place].querySelector("button").click();
  return {up, down: read(), said: heads[place].getAttribute("aria-sort")};
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.skip("needs a Chromium, found none; on Debian: apt-get install chromium")
    with Browser(path) as started:
        yield started


@pytest.fixture(scope="module")
def folder(report: Report, board_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the three pages lie."""
    folder = tmp_path_factory.mktemp("pages")
    write_page(folder / "report.html", report.html)
    found = read_records(board_dir)
    board = build_leaderboard(found)
    page = folder / "board.html"
    write_page(page, board_page(board, found.records, [], board_dir, page, "a command"))
    both = compare(found, "mine", "better", board_dir)
    write_page(folder / "comparison.html", comparison_page(both, board_dir, "a command"))
    return folder


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_can_be_read(
    browser: Browser, folder: Path, name: str, width: int, is_dark: bool
) -> None:
    browser.open(folder / f"{name}.html", width=width, is_dark=is_dark)
    assert browser.requested() == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run(ESCAPING) == 0
    assert browser.run(SQUEEZED) == 0
    assert browser.run(UNNAMED) == 0
    levels = browser.run(HEADINGS)
    assert levels[0] == 1 and all(below - above <= 1 for above, below in pairwise(levels))
    texts = browser.run(CONTRASTS)
    assert len(texts) > 50
    least = {True: LEAST_CONTRAST_LARGE, False: LEAST_CONTRAST}
    assert [one for one in texts if one["ratio"] < least[one["large"]]] == []
    assert browser.complaints() == []


def test_every_section_of_a_report_is_seen(browser: Browser, folder: Path) -> None:
    browser.open(folder / "report.html", width=1440, is_dark=False)
    sections = 'section, section svg[role="img"]'
    flat = f"[...document.querySelectorAll('{sections}')].filter((o) => o.clientHeight < 20).length"
    assert browser.run(flat) == 0
    assert browser.run("document.querySelectorAll('section').length") == 9
    targets = "[...document.querySelectorAll('nav a')].every((a) => document.querySelector(a.hash))"
    assert browser.run(targets) is True


def test_a_board_is_sorted_by_a_click(browser: Browser, folder: Path) -> None:
    browser.open(folder / "board.html", width=1440, is_dark=False)
    found = browser.run(SORTED)
    for key, is_falling in (("up", False), ("down", True)):
        values = [float(value) for value in found[key] if value]
        assert len(values) > 3 and values == sorted(values, reverse=is_falling)
        assert all(found[key][: len(values)]), "what is unknown comes last"
    assert found["said"] == "descending"
    assert browser.complaints() == []


def test_a_page_that_asks_the_network_would_be_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<img src='http://127.0.0.1:9/x.png'><script>nothing.at.all()</script>")
    browser.open(page, width=390, is_dark=False)
    assert browser.requested() == ["http://127.0.0.1:9/x.png"]
    assert any("nothing" in said for said in browser.complaints())
