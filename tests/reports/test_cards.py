"""The worst and the best examples, once each."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scorer.reports import cards
from scorer.reports.cards import make_cards
from scorer.reports.material import Material
from scorer.reports.pictures import Pictures
from scorer.results.examples import LEAKS, examples_of
from tests.reports._scores import make_score


@pytest.mark.parametrize("n_examples", [1, 5, 6])
def test_no_example_has_two_cards(n_examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "N_CARDS", 3)
    record, arrays = make_score(n_models=8, n_examples=n_examples, relative_score=0.5)
    worst, best = make_cards(Material(record, arrays=arrays), examples_of(record, arrays))
    places = [card.example.example for card in (*worst, *best)]
    assert len(places) == len(set(places)) == min(n_examples, 6)


def test_leaking_examples_come_first_and_never_among_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cards, "N_CARDS", 4)
    record, arrays = make_score(shift=0.0, n_models=32, n_examples=30)
    bank = arrays["unlearned_confidence"].copy()
    bank[:, [3, 17]] += 9
    arrays["unlearned_confidence"] = bank
    worst, best = make_cards(Material(record, arrays=arrays), examples_of(record, arrays))
    assert {card.example.example for card in worst[:2]} == {3, 17}
    assert all(card.example.verdict != LEAKS for card in best)


def test_cards_show_what_the_data_set_says() -> None:
    record, arrays = make_score(n_models=8, n_examples=4, relative_score=0.5)
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 1, 8, 8)
    who = Pictures(np.array([7, 8, 9, 7]), np.arange(100, 104), np.arange(4), images)
    material = Material(record, arrays=arrays, pictures=who)
    worst, best = make_cards(material, examples_of(record, arrays))
    for card in (*worst, *best):
        place = card.example.example
        assert (card.label, card.index, card.subject) == (who.labels[place], 100 + place, place)
        assert (card.image or "").startswith("data:image/png;base64,")
    bare = dataclasses.replace(material, pictures=None)
    worst, _ = make_cards(bare, examples_of(record, arrays))
    assert worst[0].label is None and worst[0].image is None
