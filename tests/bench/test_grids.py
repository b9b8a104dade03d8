"""The yardstick is what it stands for: rule competition, threshold by threshold."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.bench._grids import grid_epsilon
from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import make_rule
from tests.reference import competition_epsilon

N_MODELS = 24


@pytest.mark.parametrize(
    ("shift", "spread"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.3), (3.0, 1.0), (20.0, 1.0), (0.0, 1e-4)]
)
def test_the_full_grids_give_what_the_rule_gives(shift: float, spread: float) -> None:
    rng = np.random.default_rng(int(10 * shift) + 1)
    unlearned = rng.normal(shift, spread, (N_MODELS, 2))
    oracle = rng.normal(0.0, 1.0, (N_MODELS, 2))
    slow = [grid_epsilon(unlearned[:, i], oracle[:, i]) for i in range(2)]
    quality = forgetting_quality(unlearned, oracle, make_rule("competition"))
    assert quality.epsilons == pytest.approx(slow)
    assert competition_epsilon(unlearned[:, 0], oracle[:, 0]) == pytest.approx(slow[0])
