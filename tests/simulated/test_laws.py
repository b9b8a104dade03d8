"""Laws whose epsilon is known have that epsilon."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.simulated.laws import LAWS, Law


def test_the_epsilon_of_a_law_is_that_of_its_best_event() -> None:
    one = np.array([0.4, 0.6, *np.zeros(2398)])
    other = np.array([0.2, 0.8, *np.zeros(2398)])
    law = Law(one, other)
    assert law.epsilon(1e-9) == pytest.approx(np.log(2))
    assert law.epsilon(0.1) == pytest.approx(np.log(0.3 / 0.2))
    assert law.epsilon(0.2) == 0.0
    assert Law(np.roll(one, 2), other).epsilon(0.1) == np.inf
    assert LAWS["Laplace, shift 1"].epsilon(1e-9) == pytest.approx(1.0, abs=1e-3)
    banks = law.draw(np.random.default_rng(0), (1, 4000))
    assert [(bank < banks[0].min() + 0.01).mean() for bank in banks] == pytest.approx(
        [0.4, 0.2], abs=0.03
    )


def test_there_are_22_laws_whose_probabilities_add_up() -> None:
    assert len(LAWS) == 22
    for law in LAWS.values():
        assert [weights.sum() for weights in law] == pytest.approx([1.0, 1.0])
