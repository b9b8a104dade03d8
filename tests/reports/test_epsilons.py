"""Shares of the examples by epsilon."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.counts import points_from_epsilons
from scorer.reports.figures import epsilons
from scorer.reports.figures.epsilons import shares
from scorer.reports.material import Material


@pytest.mark.parametrize("n_models", [2, 3, 16, 64, 1000])
def test_shares_follow_the_points(n_models: int) -> None:
    values = np.concatenate([np.linspace(0, 9, 181), [50.0, 50.0]])
    found = shares(values, n_models)
    points = points_from_epsilons(values, n_models)
    assert found.sum() == pytest.approx(1)
    assert found[-1] == pytest.approx((points == 0).mean())
    mean = (found[:-1] * 0.5 ** np.arange(len(found) - 1)).sum()
    assert mean == pytest.approx(points.mean())


def test_method_ceiling_and_floor_are_drawn(material: Material) -> None:
    (panel,) = epsilons.draw(material)
    legend = panel.figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["this method", "ceiling", "floor"]
    assert "floor: 100 % earn nothing" in panel.alternative


def test_few_models_have_few_bins() -> None:
    assert len(shares(np.array([0.0]), 2)) == 1
    assert shares(np.array([0.2, 0.6, 1.1, 1.2]), 8)[:3].tolist() == [0.25, 0.25, 0.5]
