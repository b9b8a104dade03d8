"""Scatters of mean and spread."""

from __future__ import annotations

import numpy as np

from scorer.reports.figures import bias
from scorer.reports.material import Material


def with_unlearned(material: Material, bank: np.ndarray) -> Material:
    """Return the material with another bank of unlearned models."""
    arrays = {**material.arrays, "unlearned_confidence": bank}
    return Material(material.record, material.group, arrays)


def test_too_sure_examples_are_counted(material: Material) -> None:
    oracle = material.bank("oracle")
    for shift, said in ((5.0, "on 100 % of 20"), (-5.0, "on 0 % of 20")):
        mean, _ = bias.draw(with_unlearned(material, oracle + shift))
        assert said in mean.alternative


def test_examples_without_spread_are_counted_not_drawn(material: Material) -> None:
    bank = material.bank("oracle").copy()
    bank[:, :3] = 1.0
    _, spread = bias.draw(with_unlearned(material, bank))
    assert "3 without any spread are left out" in spread.alternative
    drawn = sum(len(one.get_offsets()) for one in spread.figure.axes[0].collections)
    assert drawn == bank.shape[1] - 3


def test_a_bank_of_copies_is_drawn_empty(material: Material) -> None:
    bank = np.zeros_like(material.bank("oracle"))
    _, spread = bias.draw(with_unlearned(material, bank))
    assert "20 without any spread" in spread.alternative


def test_many_points_become_one_picture(material: Material) -> None:
    rng = np.random.default_rng(0)
    n = bias.MOST_MARKS + 1
    arrays = {
        "unlearned_confidence": rng.normal(size=(4, n)),
        "oracle_confidence": rng.normal(size=(4, n)),
        "stratum": np.array(["a"] * n),
    }
    mean, _ = bias.draw(Material(material.record, material.group, arrays))
    assert [one.get_rasterized() for one in mean.figure.axes[0].collections[1:]] == [True]
