"""The figure of the pooled attack."""

from __future__ import annotations

import pytest

from scorer.reports.figures import trade_off
from scorer.reports.material import Material, Unavailable


def test_the_floor_is_told_and_the_ceiling_is_not(material: Material) -> None:
    errors, roc = trade_off.draw(material)
    assert (errors.name, roc.name) == ("errors", "roc")
    auc = dict(
        part.rsplit(" ", 1) for part in errors.alternative[:-1].split("AUC: ")[1].split(", ")
    )
    assert 0.5 <= float(auc["ceiling"]) < 0.6 < float(auc["this method"]) < float(auc["floor"])


def test_without_banks_it_gives_the_reason(material: Material) -> None:
    gone = Material(material.record, material.group, problems={"arrays": "they are gone"})
    with pytest.raises(Unavailable, match="they are gone"):
        list(trade_off.draw(gone))


def test_without_controls_the_method_is_drawn(material: Material) -> None:
    kept = ("unlearned_confidence", "oracle_confidence")
    arrays = {name: material.arrays[name] for name in kept}
    errors, _ = trade_off.draw(Material(material.record, material.group, arrays))
    assert "ceiling" not in errors.alternative and "this method" in errors.alternative
