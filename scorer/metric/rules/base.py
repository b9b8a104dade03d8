"""What a rule is: how two banks become one epsilon per example, and epsilons become points."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from scorer.metric.arrays import BoolArray, FloatArray, IntArray, check_banks
from scorer.metric.counts import points_from_epsilons

FAMILIES = ("none", "range_ratio", "separated", "single", "interval", "complement")
NONE, RANGE_RATIO, SEPARATED, SINGLE, INTERVAL, COMPLEMENT = range(len(FAMILIES))


@dataclass(frozen=True)
class Attack:
    """The attack that won on one example.

    It predicts `inside` for every model whose confidence lies in `[low, high]`, ends included, and
    the other bank outside. A false positive is a model of the other bank inside, a false negative
    one of `inside` that lies outside.

    Attributes:
        family: "single" (one end infinite), "interval", "complement" (an interval that predicts
            the unlearned models, so that the oracles are outside; rule `exact` only), "separated"
            (no error), "range_ratio" (no threshold: one bank is far narrower than the other) or
            "none" (no attack survived).
        inside: "oracle" or "unlearned".
        low: lower threshold, in units of the confidence; nan where there is no threshold.
        high: upper threshold, likewise.
        fpr: false-positive rate in `[0, 1]`; nan where there is no threshold.
        fnr: false-negative rate, likewise.
        epsilon: of this attack, in `[0, 50]`.
    """

    family: str
    inside: str
    low: float
    high: float
    fpr: float
    fnr: float
    epsilon: float


@dataclass(frozen=True, eq=False)
class EpsilonResult:
    """Epsilon of every example, and the attack that reached it.

    Attributes:
        epsilons: float64 `(n_examples,)` in `[0, 50]`.
        family_codes: int64 `(n_examples,)`, indices into `FAMILIES`.
        oracle_inside: bool `(n_examples,)`: the attack predicts the oracle between its thresholds.
        low: float64 `(n_examples,)` lower thresholds; -inf for none, nan where no attack was made.
        high: float64 `(n_examples,)` upper thresholds, likewise with inf.
        false_positives: int64 `(n_examples,)`; -1 where no attack was made.
        false_negatives: int64 `(n_examples,)`, likewise.
        n_models: models in each bank.
    """

    epsilons: FloatArray
    family_codes: IntArray
    oracle_inside: BoolArray
    low: FloatArray
    high: FloatArray
    false_positives: IntArray
    false_negatives: IntArray
    n_models: int

    @property
    def families(self) -> list[str]:
        """Name of the family that won, per example."""
        return [FAMILIES[code] for code in self.family_codes]

    def count(self, family: str) -> int:
        """Return how many examples a family decided; "none" counts the undecided ones."""
        if family not in FAMILIES:
            raise ValueError(f"`family` must be one of {', '.join(FAMILIES)}, got {family!r}")
        return int(np.count_nonzero(self.family_codes == FAMILIES.index(family)))

    def attack(self, example: int) -> Attack:
        """Return what won on one example, by its column in the banks."""
        made = self.false_positives[example] >= 0
        errors = self.false_positives[example], self.false_negatives[example]
        fpr, fnr = (float(n / self.n_models) if made else np.nan for n in errors)
        inside = "oracle" if self.oracle_inside[example] else "unlearned"
        low, high = float(self.low[example]), float(self.high[example])
        family, epsilon = self.families[example], float(self.epsilons[example])
        return Attack(family, inside, low, high, fpr, fnr, epsilon)


def join(parts: Sequence[EpsilonResult]) -> EpsilonResult:
    """Return the results of consecutive chunks of examples as one."""
    names = [field.name for field in fields(EpsilonResult) if field.name != "n_models"]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return EpsilonResult(**arrays, n_models=parts[0].n_models)


@dataclass(frozen=True)
class Rule(ABC):
    """How epsilon is estimated and becomes points; compare rows only under one rule and delta.

    Attributes:
        delta: slack of the (epsilon, delta) definition, in `[0, 1)`. Below `1 / n_models` it is
            finer than the data resolve and acts as 0.

    Raises:
        ValueError: delta out of range.
    """

    delta: float = 1e-5

    name: ClassVar[str]
    # Spread over models, in logits, below which the rule measures its own grid; 0 without a grid.
    min_spread: ClassVar[float] = 0.0
    # Values of one chunk are worked on together; small enough to stay in a core's cache.
    _values_per_chunk: ClassVar[int] = 2**16

    def __post_init__(self) -> None:
        if not 0.0 <= self.delta < 1.0:
            raise ValueError(f"`delta` must be in [0, 1), got {self.delta}")

    def epsilons(self, unlearned: ArrayLike, oracle: ArrayLike) -> EpsilonResult:
        """Return epsilon of every example.

        An example on which no attack survives is undecided, not forgotten: it gets the cap of 50,
        hence no points, and the family "none", which `EpsilonResult.count` counts.

        Args:
            unlearned: `(n_models, n_examples)` confidences of the unlearned models.
            oracle: the same of the oracles.

        Returns:
            Epsilons in `[0, 50]` and the attacks that reached them.

        Raises:
            ValueError: a bank is malformed, see `scorer.metric.arrays.check_banks`.
        """
        banks = check_banks(unlearned, oracle)
        n_models, n_examples = banks[0].shape
        size = max(1, self._values_per_chunk // n_models)
        chunks = [slice(first, first + size) for first in range(0, n_examples, size)]
        return join([self._search(*(bank[:, chunk] for bank in banks)) for chunk in chunks])

    def points(self, epsilons: ArrayLike, n_models: int) -> FloatArray:
        """Return points per example in `[0, 1]`, see `points_from_epsilons`."""
        return points_from_epsilons(epsilons, n_models)

    @abstractmethod
    def _search(self, unlearned: FloatArray, oracle: FloatArray) -> EpsilonResult:
        """Return the result for a chunk of examples of two checked banks."""
