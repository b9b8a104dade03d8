"""Loss barriers of curves whose barrier is known."""

from __future__ import annotations

import numpy as np
import pytest

from scorer.metric.barrier import loss_barriers

LINE = np.linspace(0.0, 1.0, 11)


def test_barriers_of_known_curves() -> None:
    curves = [
        np.full(11, 0.7),  # a model with itself
        2.0 * LINE + 0.1,  # straight
        (2.0 * LINE - 1.0) ** 2,  # two ends of one valley: lower between them
        1.0 - (2.0 * LINE - 1.0) ** 2,  # two valleys of equal depth
        4.0 * LINE * (1.0 - LINE) + LINE,  # the same, one of them higher
    ]
    np.testing.assert_allclose(loss_barriers(curves), [0.0, 0.0, 0.0, 1.0, 1.0], atol=1e-15)
    assert (loss_barriers(curves) >= 0.0).all()


def test_a_loss_that_is_not_finite_leaves_no_number() -> None:
    found = loss_barriers([[0.0, np.inf, 0.0], [0.0, np.nan, 0.0], [np.inf, 1.0, 0.0], [0, 1, 0]])
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.nan, 1.0])


@pytest.mark.parametrize("losses", [[1.0, 2.0], [[1.0], [2.0]]])
def test_no_lines_are_refused(losses: list[float]) -> None:
    with pytest.raises(ValueError, match="`losses` must have shape"):
        loss_barriers(losses)
