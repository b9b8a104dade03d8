"""A report has all its sections, asks no network, and survives whatever is missing."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from scorer.reports.figures import FIGURES
from scorer.reports.material import Material
from scorer.reports.pictures import Pictures
from scorer.reports.report import Report, make_report
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import arrays_path, save_record
from tests.reports._html import Page
from tests.reports._scores import keep_score, make_score
from tests.reports.conftest import material_of

ORDER = ("board", "epsilons", "groups", "examples", "trade_off", "bias", "cost", "divergence",
         "provenance")  # fmt: skip
MOST_BYTES = 5 * 2**20


@pytest.fixture(scope="module")
def page(report: Report) -> Page:
    return Page(report.html)


def test_sections_stand_in_their_order(page: Page) -> None:
    assert tuple(one["id"] for one in page.of("section")) == ORDER
    assert {"board", "divergence"} <= set(FIGURES)


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_every_figure_says_what_good_looks_like_and_what_it_shows(page: Page) -> None:
    captions = page.text_of("figcaption")
    assert len(captions) == len(FIGURES)
    assert all("Good" in caption or "good" in caption for caption in captions)
    pictures = [one for one in page.of("svg") if one.get("role") == "img"]
    assert len(pictures) > len(FIGURES)
    assert all(one["aria-label"] for one in pictures)


def test_nothing_on_the_page_is_fetched_or_run(report: Report, page: Page) -> None:
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
        assert not [name for name in attributes if name.startswith("on")]
    assert not page.of("script") and not page.of("iframe")
    assert not re.search(r"url\((?!#)", report.html)
    assert len(report.html.encode()) < MOST_BYTES


def test_no_two_elements_have_one_id_and_every_reference_leads_to_one(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("href", "xlink:href", "aria-labelledby"):
            target = attributes.get(name, "")
            if target.startswith("#") or name == "aria-labelledby":
                assert not target or target.removeprefix("#") in ids


def test_all_panels_can_be_kept_as_files(report: Report) -> None:
    assert {"board", "epsilons", "bias-mean", "bias-spread", "cost-time"} <= report.panels.keys()
    assert sum(name.startswith("example-") for name in report.panels) == 20


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_damaged_arrays_are_said_and_the_rest_is_shown(tmp_path: Path, damage: str) -> None:
    path = arrays_path(keep_score(tmp_path), tmp_path)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-200])
    page = Page(make_report(material_of(tmp_path, "mine"), "a command").html)
    assert tuple(one["id"] for one in page.of("section")) == ORDER
    gaps = [text for text in page.text_of("p") if text.startswith("Not shown")]
    assert len(gaps) == 5
    assert all("run-mine.npz must hold the arrays" in gap for gap in gaps)


@pytest.mark.usefixtures("few_cards")
def test_an_old_record_without_controls_shows_what_it_has(tmp_path: Path) -> None:
    record, arrays = make_score(bank_sha256=None)
    for name in ("control_confidence", "floor_confidence"):
        del arrays[name]
    save_record(record, arrays, None, tmp_path)
    page = Page(make_report(material_of(tmp_path, "mine"), "a command").html)
    assert not [text for text in page.text_of("p") if text.startswith("Not shown")]


@pytest.mark.usefixtures("few_cards")
def test_two_models_and_one_example_make_a_page_that_says_so(tmp_path: Path) -> None:
    keep_score(tmp_path, n_models=2, n_examples=1, relative_score=0.5)
    page = Page(make_report(material_of(tmp_path, "mine"), "a command").html)
    assert "N is too small" in page.text_of("dd")
    assert "The 1 worst" in [text for _, text in page.headings]


@pytest.mark.usefixtures("few_cards")
def test_banks_without_any_spread_are_drawn() -> None:
    record, arrays = make_score("constant", relative_score=0.5)
    for role in ("unlearned", "oracle", "control", "floor"):
        arrays[f"{role}_confidence"] = np.zeros_like(arrays["oracle_confidence"])
    (group,) = build_leaderboard([record]).groups
    page = Page(make_report(Material(record, group, arrays), "a command").html)
    assert not [text for text in page.text_of("p") if text.startswith("Not shown")]


def test_a_score_that_failed_shows_the_fault() -> None:
    fault = {"fault": "raised", "message": "<b>no</b>", "trace": "line 1", "run": 3}
    record, _ = make_score(faults=[fault] * 9, final_score=None)
    page = Page(make_report(Material(record), "a command").html)
    assert [one["id"] for one in page.of("section")] == ["faults", "provenance"]
    assert "9 of 16 runs failed: raised" in " ".join(page.text_of("p"))
    assert "<b>no</b>" in page.text_of("p")
    assert "4 more runs failed" in " ".join(page.text_of("p"))


HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "attribute": '" onload="alert(1)" x="',
    "escape": "\x1b[2J\x1b]0;owned\x07\u202eevil",
    "template": "{{ 7 * 7 }}{% raw %}",
    "svg": "</svg><script>alert(1)</script>",
    "comment": "--><script>alert(1)</script><!--",
    "mathtext": r"$\frac{1}{$ and $x$",
}


def assert_harmless(html: str) -> Page:
    """Return a page of which nothing came from what was put into it."""
    page = Page(html)
    assert not page.of("script") and not page.of("iframe")
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert all(one["src"].startswith("data:") for one in page.of("img"))
    assert "\x1b" not in html and "\u202e" not in html
    return page


@pytest.mark.usefixtures("few_cards")
def test_hostile_names_are_seen_in_figures_and_never_obeyed() -> None:
    records = [make_score(text)[0] for text in HOSTILE.values()]
    arrays = make_score()[1]
    arrays["stratum"] = np.resize(np.array(list(HOSTILE.values())), len(arrays["stratum"]))
    (group,) = build_leaderboard(records).groups
    html = make_report(Material(records[0], group, arrays), "a command").html
    page = assert_harmless(html)
    assert tuple(one["id"] for one in page.of("section")) == ORDER
    assert HOSTILE["html"] in page.text_of("h1")[0]
    assert any(r"$\frac{1}{$" in text for text in page.text_of("text"))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_faults_and_provenance_are_texts(text: str) -> None:
    about = {"environment": {"device_name": text, "python": [text], "modified": [text]}}
    fault = {"fault": text, "message": text, "trace": text, "run": 0}
    record, _ = make_score(
        text, faults=[fault], method_path=text, design=text, engine_id=text, provenance=about
    )
    page = assert_harmless(make_report(Material(record), text).html)
    assert "{{ 7 * 7 }}" in page.text_of("h1")[0] or "7 * 7" not in text


def test_a_message_of_100_mb_fills_no_page() -> None:
    fault = {"fault": "raised", "message": "x" * 100_000_000, "trace": "y" * 1_000_000, "run": 0}
    record, _ = make_score(faults=[fault])
    html = make_report(Material(record), "a command").html
    assert len(html) < 100_000
    assert "99,998,000 more characters" in html


@pytest.mark.slow
def test_a_page_about_many_models_and_examples_stays_small() -> None:
    sizes = {"n_models": 512, "n_examples": 1000, "rule": "competition"}
    record, arrays = make_score("mine", 0.5, **sizes)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (1000, 3, 64, 64)).astype(np.uint8)  # nothing packs worse
    who = Pictures(np.arange(1000) % 100, np.arange(1000), np.arange(1000) // 10, images)
    (group,) = build_leaderboard([record]).groups
    html = make_report(Material(record, group, arrays, who), "a command").html
    assert len(html.encode()) < MOST_BYTES
