"""What a measure is: the numbers that it makes of models, what they mean, where they are shown."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scorer.measures.costs import RunCosts
from scorer.metric.ceiling import Ceiling, repaired_ceiling
from scorer.metric.forgetting import ForgettingQuality, forgetting_quality
from scorer.metric.jackknife import mean_error
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies

if TYPE_CHECKING:
    from scorer.oracles.outputs import Bank

Values = Mapping[str, Any]
"""JSON values by field name; a value may be an object of values."""

Source = str | float | Callable[[Values], float | None]
"""Where a number comes from: a path in the values, the number itself, or what makes it of them."""


FULL_SIZE = 64 * 1000
"""Confidences in a bank up to which all draws are made; larger banks get fewer."""

N_PAIRINGS = 100
MIN_PAIRINGS = 30

NOT_ASKED_FOR = "not asked for: see --features"
"""Why a number has no value that only `--features` asks for."""


def value_at(values: Values, source: Source | None) -> Any:
    """Return the number that a source names, None where there is none.

    Example:
        >>> value_at({"accuracy": {"test": 0.9}}, "accuracy.test")
        0.9
    """
    if callable(source):
        return source(values)
    if not isinstance(source, str):
        return source
    found: Any = values
    for part in source.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def mean_and_error(
    path: str, numbers: np.ndarray, originals: Sequence[int] | None
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the mean over models of one number a model with its error, and why that lacks.

    Args:
        path: of the mean, such as "relearning.steps"; the error's has `_se` behind it.
        numbers: `(n_models,)`.
        originals: see `scorer.metric.jackknife.mean_error`.

    Returns:
        Mean and error by the last parts of their paths; the reason by the path of the error, which
        is NaN then.
    """
    name = path.rpartition(".")[2]
    values, missing = {name: float(numbers.mean()), f"{name}_se": math.nan}, {}
    try:
        values[f"{name}_se"] = mean_error(numbers, originals)
    except ValueError as error:
        missing[f"{path}_se"] = str(error)
    return values, missing


@dataclass(frozen=True)
class Measurement:
    """One number of a record.

    From this entry follow the field of the record and of its JSON, the line of the published
    schema, the line under `score` and the column of the leaderboard.

    Attributes:
        name: path in the JSON. "klom.forget" is a part of the object `klom`; "accuracy.*" stands
            for every key of the object `accuracy`.
        about: one line: what it is, its range, what is good.
        unit: in the field's words; empty for a plain number.
        higher_is_better: None where neither is.
        kind: `float`, `int`, `bool` or `str`.
        error: field of its standard error over models. Where it has one, so has its ceiling, in the
            field of the ceiling with `_se` behind.
        ceiling: the same number for perfect unlearning; a path that no entry of any measure has is
            a field of its own, and so is the next.
        floor: the same number for the untouched original.
        score_line: label in the table of the score; with "*" in the name there is a line a key,
            and the label may hold `{key}` and the names of the key's other parts.
        diagnosis_line: label in the table of what to mend.
        column: heading in the leaderboard.
        digits: decimals shown.
        place: where among lines and columns, from the top; new ones come last.
        hidden_at_zero: whether the line is left out at 0, where there is nothing to tell.
        is_extra: whether the line is left out where nobody asked for the numbers of its object.
        warning: said with the score where the number is not 0; it may hold `{value}`.
    """

    name: str
    about: str
    _: KW_ONLY
    unit: str = ""
    higher_is_better: bool | None = None
    kind: type = float
    error: str | None = None
    ceiling: Source | None = None
    floor: Source | None = None
    score_line: str = ""
    diagnosis_line: str = ""
    column: str = ""
    digits: int = 3
    place: int = 1000
    hidden_at_zero: bool = False
    is_extra: bool = False
    warning: str = ""

    @property
    def group(self) -> str:
        """Return the path of the object that it is a part of."""
        return self.name.rpartition(".")[0]

    @property
    def ceiling_error(self) -> str | None:
        """Return the field of the ceiling's standard error, where the number has an error."""
        return f"{self.ceiling}_se" if self.error and isinstance(self.ceiling, str) else None

    def companions(self) -> Iterator[Measurement]:
        """Yield the fields that this entry names besides its own."""
        same = f"`{self.name}` of the"
        for path, about in (
            (self.error, f"standard error of `{self.name}` over models"),
            (self.ceiling, f"{same} retrained models: what perfect unlearning gets"),
            (self.ceiling_error, f"standard error of `{self.ceiling}` over models"),
            (self.floor, f"{same} original, untouched"),
        ):
            if isinstance(path, str):
                yield Measurement(path, about, unit=self.unit, place=self.place)

    def lines(self, values: Values) -> Iterator[Measurement]:
        """Yield the entry itself, or one entry a key where the name has a "*"."""
        before, star, _ = self.name.partition(".*")
        if not star:
            yield self
            return
        for key, part in (value_at(values, before) or {}).items():
            own = part if isinstance(part, Mapping) else {}
            known = {name: value for name, value in own.items() if value is not None}
            changes: dict[str, Any] = {
                name: path.replace("*", key)
                for name in ("name", "error", "ceiling", "floor")
                if isinstance(path := getattr(self, name), str)
            }
            said = defaultdict(lambda: "-", known, key=key)
            changes["score_line"] = self.score_line.format_map(said)
            yield dataclasses.replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that a measure may look at.

    Attributes:
        banks: outputs by role: "unlearned", "oracle", "control" (N more oracles: the ceiling is of
            both) and "floor" (the original of each run). Only those that the measures asked for
            need.
        stratum: `(n_examples,)` name of the stratum of each forget example.
        rule: how epsilon is estimated and becomes points.
        budget: share of a retraining that a run may take, in time and in multiply-adds.
        costs: None for rows that the kit makes itself.
        costs_by_request: where the runs are of several requests, what those of each took: the
            budget holds for each.
        originals: index of the original that each run started from, None for models of none.
        asked: what is looked at beside the score, names in `scorer.features.views.NEEDED`.
        labels: `(n_examples,)` int64 true classes of the forget set.
    """

    banks: Mapping[str, Bank]
    stratum: np.ndarray
    rule: Rule
    budget: float
    costs: RunCosts | None = None
    costs_by_request: tuple[RunCosts, ...] = ()
    originals: tuple[int, ...] | None = None
    asked: tuple[str, ...] = ()
    labels: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    _quality: dict[str, ForgettingQuality] = field(default_factory=dict, init=False, repr=False)

    def confidence(self, role: str) -> np.ndarray:
        """Return logit-scaled confidences on the forget set `(n_models, n_examples)` float64.

        In C order whatever view the bank gives, since sums round by the order of their terms.
        """
        return np.asarray(self.banks[role].confidence(), dtype=np.float64, order="C")

    def accuracies(self, role: str) -> ModelAccuracies:
        """Return the accuracies of a bank that the final score is made of."""
        bank = self.banks[role]
        return ModelAccuracies(retain=bank.accuracy("retain"), test=bank.accuracy("test"))

    def quality(self, role: str) -> ForgettingQuality:
        """Return the forgetting quality of a bank against the oracles, computed once."""
        if role not in self._quality:
            self._quality[role] = forgetting_quality(
                self.confidence(role), self.confidence("oracle"), self.rule
            )
        return self._quality[role]

    @cached_property
    def ceiling(self) -> Ceiling:
        """Return what perfect unlearning gets, computed once."""
        return repaired_ceiling(
            self.confidence("control"),
            self.confidence("oracle"),
            self.rule,
            accuracies=(self.accuracies("control"), self.accuracies("oracle")),
            n_pairings=n_draws(N_PAIRINGS, MIN_PAIRINGS, self.confidence("oracle").size),
        )


@dataclass(frozen=True)
class Measured:
    """What measures found.

    Attributes:
        values: JSON values by field.
        missing: path of each value that is None -> why.
        arrays: to compute the values again from, by name.
    """

    values: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """A family of numbers that are computed together.

    Attributes:
        name: that of its file.
        summary: one line.
        needs: roles of the banks without which it cannot be computed.
        measurements: its numbers.
        compute: from the evidence to the values. It may leave out what it gives a reason for, and
            return numbers that are not finite: they become None, since JSON has no such numbers.
    """

    name: str
    summary: str
    needs: frozenset[str]
    measurements: tuple[Measurement, ...]
    compute: Callable[[Evidence], Measured]

    def fields(self, declared: Collection[str] = ()) -> dict[str, Measurement]:
        """Return the entries by path, and after each the fields that it names beside itself.

        Args:
            declared: paths of the entries of all measures; a companion that is one of them belongs
                to the measure that has that entry.
        """
        own = {*declared, *(entry.name for entry in self.measurements)}
        found: dict[str, Measurement] = {}
        for entry in self.measurements:
            found[entry.name] = entry
            for companion in entry.companions():
                every_key = f"{companion.name.rpartition('.')[0]}.*"
                if not own & {companion.name, every_key}:
                    found[companion.name] = companion
        return found


def n_draws(full: int, least: int, n_values: int) -> int:
    """Return how many draws a bank of `n_values` confidences gets."""
    return max(least, min(full, full * FULL_SIZE // n_values))
