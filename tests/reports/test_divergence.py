"""Divergences by set, with whatever of them is known."""

from __future__ import annotations

import pytest

from scorer.reports.figures import divergence
from scorer.reports.material import Material, Unavailable
from tests.results._records import make_record

KLOM = {"forget": 9.5, "retain": 0.0, "val": 1.5, "forget_ceiling": 1.0, "retain_ceiling": None,
        "val_ceiling": 1.1}  # fmt: skip


def test_both_measures_are_drawn_with_their_ceilings() -> None:
    panels = list(divergence.draw(Material(make_record(klom=KLOM))))
    assert [panel.name for panel in panels] == ["klom", "jeffreys"]
    said = panels[0].alternative
    assert "forget 9.50 (ceiling 1.00), retain 0.00, val 1.50 (ceiling 1.10)" in said


def test_a_set_without_a_number_is_left_out() -> None:
    panels = list(divergence.draw(Material(make_record(klom={**KLOM, "val": None}))))
    assert "val" not in panels[0].alternative


def test_without_any_it_gives_the_reason() -> None:
    missing = {"klom": "not asked for", "jeffreys": "not asked for"}
    record = make_record(klom=None, jeffreys=None, missing=missing)
    with pytest.raises(Unavailable, match="not asked for"):
        list(divergence.draw(Material(record)))
