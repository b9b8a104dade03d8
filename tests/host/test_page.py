"""The page of a submission: the kit's own report, without what a hidden split must not tell."""

from __future__ import annotations

import pytest

from scorer.host.page import HIDDEN, NO_IMAGES, report_page
from scorer.host.scoring import without_split
from scorer.reports import cards
from tests.reports._html import Page
from tests.reports._scores import make_score

PER_EXAMPLE = ("Not shown: " + HIDDEN, 5)
"""What stands in place of single examples and of the four figures made of them."""


@pytest.fixture(autouse=True)
def _few_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one of the worst and one of the best examples, since each takes a while."""
    monkeypatch.setattr(cards, "N_CARDS", 1)


def test_an_open_phase_shows_everything_but_images() -> None:
    record, arrays = make_score("mine", 0.5)
    html = report_page(record, arrays, is_hidden=False)
    texts = Page(html).text_of("p")
    assert f"Without images: {NO_IMAGES}" in texts
    assert not [text for text in texts if text.startswith("Not shown")]
    assert f"split {record.split_seed}, fingerprint {record.fingerprint[:8]}" in html


def test_a_hidden_phase_tells_no_example_and_no_split() -> None:
    record, arrays = make_score("mine", 0.5, split_seed=1234567)
    html = report_page(without_split(record), arrays, is_hidden=True)
    said, n = PER_EXAMPLE
    assert Page(html).text_of("p").count(said) == n
    assert "split not told, fingerprint not told" in html
    assert "1234567" not in html and record.fingerprint[:8] not in html
    assert "bias-mean" not in html and "0.5" in html


@pytest.mark.parametrize("is_hidden", [False, True])
def test_a_fault_has_its_page(is_hidden: bool) -> None:
    fault = {"fault": "raised", "message": "<b>no</b>", "trace": "", "run": 1, "kind": "run"}
    record, arrays = make_score("mine", faults=[fault], final_score=None)
    html = report_page(record, arrays, is_hidden)
    assert "Not scored" in html and "&lt;b&gt;no" in html and "<svg" not in html
