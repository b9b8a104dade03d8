"""Whether models were trained on examples that they should never have seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import FloatArray, check_same_shape

HARD_SHARE = 0.05
LEAST_HARD = 10
"""Examples that are looked at: so few that training on them would show, so many that luck would
not."""


@dataclass(frozen=True)
class Seen:
    """How sure models are of the hardest examples, against models that have not seen them.

    Attributes:
        n_hard: examples that were looked at.
        excess: of the models, their mean confidence there less the oracles', in standard
            deviations of single oracles.
        original_excess: the same of the original models, the largest.
    """

    n_hard: int
    excess: float
    original_excess: float


def hardest_seen(
    unlearned: ArrayLike, oracle: ArrayLike, control: ArrayLike, original: ArrayLike
) -> Seen:
    """Return how much surer models are of the hardest examples than models that never saw them.

    Which examples are hard is told by the controls, so that the oracles are judged like everybody
    else. Longer training makes models surer of what they get right, and of what they get wrong:
    only examples that were trained on turn from the wrong side to the right one.

    Args:
        unlearned: `(n_runs, n_examples)` confidences on a set that nobody may train on.
        oracle: `(n_models, n_examples)`, at least two.
        control: of the shape of `oracle`.
        original: `(n_originals, n_examples)` of the models that the runs started from.

    Raises:
        ValueError: a bank is malformed, of other examples, or of fewer than 10.
    """
    oracle_bank, control_bank = check_same_shape(oracle=oracle, control=control)
    n_examples = oracle_bank.shape[1]
    if n_examples < LEAST_HARD:
        raise ValueError(f"at least {LEAST_HARD} examples must be there, got {n_examples}")
    n_hard = max(LEAST_HARD, round(HARD_SHARE * n_examples))
    hard = np.argsort(control_bank.mean(axis=0), kind="stable")[:n_hard]
    center, unit = control_bank[:, hard].mean(axis=0), control_bank[:, hard].std(axis=0)

    def sureness(bank: FloatArray) -> FloatArray:
        return np.asarray(((bank[:, hard] - center) / np.where(unit > 0.0, unit, 1.0)).mean(axis=1))

    of_oracles = sureness(oracle_bank)
    spread = max(float(of_oracles.std(ddof=1)), 1e-12)
    excess = [
        (sureness(_models(name, bank, n_examples)) - of_oracles.mean()) / spread
        for name, bank in (("unlearned", unlearned), ("original", original))
    ]
    return Seen(n_hard, float(excess[0].mean()), float(excess[1].max()))


def _models(name: str, confidences: ArrayLike, n_examples: int) -> FloatArray:
    """Return confidences of any number of models, or raise ValueError."""
    bank = np.asarray(confidences, dtype=np.float64)
    if bank.ndim != 2 or not len(bank) or bank.shape[1] != n_examples:
        raise ValueError(
            f"`{name}` must have shape (n_models, {n_examples}) with a model at least, got"
            f" {bank.shape}"
        )
    if not np.isfinite(bank).all():
        raise ValueError(f"`{name}` must be finite")
    return bank
