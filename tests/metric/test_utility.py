from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.utility import (
    ModelAccuracies,
    final_score,
    utility_ratios,
)


def test_ratios_and_score_worked_by_hand() -> None:
    unlearned = ModelAccuracies(retain=[0.9, 0.7], test=[0.5, 0.7])  # type: ignore[arg-type]
    oracle = ModelAccuracies(retain=[1.0, 1.0], test=[0.5, 0.5])  # type: ignore[arg-type]
    utility = utility_ratios(unlearned, oracle)
    assert utility.retain_ratio == pytest.approx(0.8)
    assert utility.test_ratio == pytest.approx(1.2)
    assert final_score(0.5, utility) == pytest.approx(0.48)


@pytest.mark.parametrize(
    ("retain", "test", "message"),
    [
        ([0.5], [0.5], r"`retain` must have shape \(n_models,\) with at least 2 models"),
        ([0.5, 0.5], [[0.5, 0.5]], r"`test` must have shape"),
        ([0.5, 1.5], [0.5, 0.5], r"`retain` must hold accuracies in \[0, 1\], got .* 1.5"),
        ([0.5, np.nan], [0.5, 0.5], r"`retain` must hold accuracies in \[0, 1\]"),
        ([0.5, 0.5], [0.5, 0.5, 0.5], r"must hold the same models, got 2 and 3"),
    ],
)
def test_bad_accuracies_are_refused(retain: list, test: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelAccuracies(retain, test)  # type: ignore[arg-type]


def test_oracles_without_accuracy_are_refused() -> None:
    bank = ModelAccuracies(np.full(3, 0.5), np.full(3, 0.5))
    nothing = ModelAccuracies(np.zeros(3), np.full(3, 0.5))
    with pytest.raises(ValueError, match="`oracle` must have a mean accuracy above 0"):
        utility_ratios(bank, nothing)


def test_quality_out_of_range_is_refused() -> None:
    bank = ModelAccuracies(np.full(3, 0.5), np.full(3, 0.5))
    with pytest.raises(ValueError, match=r"`forgetting_quality` must be in \[0, 1\], got 1.2"):
        final_score(1.2, utility_ratios(bank, bank))
