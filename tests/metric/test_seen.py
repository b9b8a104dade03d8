"""Training on the hardest examples shows; being surer of everything does not."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.seen import LEAST_HARD, hardest_seen


def banks(n_examples: int = 300) -> tuple[np.ndarray, ...]:
    """Return oracles, controls and an original: examples of all kinds of difficulty."""
    rng = np.random.default_rng(0)
    center = np.linspace(-4.0, 12.0, n_examples)
    oracle, control = center + rng.normal(size=(2, 32, n_examples))
    return oracle, control, center + rng.normal(size=(1, n_examples))


def test_who_has_not_seen_them_is_like_the_oracles() -> None:
    oracle, control, original = banks()
    found = hardest_seen(oracle[:4], oracle, control, original)
    assert found.n_hard == 15
    assert abs(found.excess) < 2 and abs(found.original_excess) < 4


def test_who_was_trained_on_them_stands_out() -> None:
    oracle, control, original = banks()
    trained = np.where(oracle[:2] < 3.0, 3.0, oracle[:2])
    found = hardest_seen(trained, oracle, control, original)
    assert found.excess > 10 > found.original_excess


def test_who_is_surer_of_right_and_wrong_alike_does_not() -> None:
    oracle, control, original = banks()
    assert hardest_seen(2.0 * oracle[:2], oracle, control, original).excess < 0


def test_few_examples_are_all_looked_at_or_refused() -> None:
    oracle, control, original = banks(LEAST_HARD)
    assert hardest_seen(oracle[:1], oracle, control, original).n_hard == LEAST_HARD
    fewer = [bank[:, 1:] for bank in (oracle[:1], oracle, control, original)]
    with pytest.raises(ValueError, match="at least 10 examples must be there, got 9"):
        hardest_seen(*fewer)


def test_bad_banks_are_named() -> None:
    oracle, control, original = banks()
    with pytest.raises(ValueError, match=r"`unlearned` must have shape \(n_models, 300\)"):
        hardest_seen(oracle[:2, :5], oracle, control, original)
    with pytest.raises(ValueError, match="`original` must be finite"):
        hardest_seen(oracle[:2], oracle, control, original * np.inf)
    with pytest.raises(ValueError, match="`oracle` and `control` must have the same shape"):
        hardest_seen(oracle[:2], oracle[:8], control, original)
    same = np.zeros_like(oracle)
    assert hardest_seen(same[:1], same, same, same[:1]).excess == 0.0
