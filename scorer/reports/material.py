"""What a page about one score may look at: the record, its arrays, its board, its examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from scorer.errors import ScorerError
from scorer.metric.arrays import FloatArray
from scorer.metric.rules import Rule, make_rule
from scorer.reports.kept import BANK, Arrays, read_kept
from scorer.reports.pictures import Pictures, read_pictures
from scorer.results.leaderboard import Group, Row, build_leaderboard
from scorer.results.record import Record


class Unavailable(ScorerError):
    """A part of a page cannot be made; the page says why in its place, and goes on."""


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that a page about one score is made of.

    Attributes:
        record: of the score.
        group: the board that it stands on; None for a record without a score.
        arrays: beside the record; empty where `problems` says why.
        pictures: the forget set; None likewise.
        problems: why something is missing, by "arrays" and "pictures".
    """

    record: Record
    group: Group | None = None
    arrays: Arrays = field(default_factory=dict)
    pictures: Pictures | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    _epsilons: dict[str, FloatArray] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def rule(self) -> Rule:
        """Return how the score's epsilon is found and becomes points."""
        return make_rule(self.record.rule, delta=self.record.delta)

    def array(self, name: str) -> np.ndarray:
        """Return an array beside the record.

        Raises:
            Unavailable: it is not there.
        """
        if name not in self.arrays:
            why = self.problems.get("arrays") or f"the record has no array {name}"
            raise Unavailable(why)
        return self.arrays[name]

    def bank(self, role: str) -> FloatArray:
        """Return confidences on the forget set `(n_models, n_examples)` of a role.

        Raises:
            Unavailable: it is not there.
        """
        return np.asarray(self.array(f"{role}{BANK}"), dtype=np.float64)

    def epsilons(self, role: str) -> FloatArray:
        """Return epsilon of every forget example against the oracles `(n_examples,)`.

        Raises:
            Unavailable: the confidences of the role are not there.
        """
        if role not in self._epsilons:
            self._epsilons[role] = (
                np.asarray(self.array("epsilons"), dtype=np.float64)
                if role == "unlearned"
                else self.rule.epsilons(self.bank(role), self.bank("oracle")).epsilons
            )
        return self._epsilons[role]

    @property
    def rows(self) -> Sequence[Row]:
        """Return the lines of the board.

        Raises:
            Unavailable: there is none.
        """
        if self.group is None:
            raise Unavailable("there is no score to rank")
        return self.group.rows

    def is_own(self, row: Row) -> bool:
        """Tell whether a line of the board is of this score."""
        return row.run_id == self.record.run_id and row.kind in ("method", "reference")


def gather_material(
    record: Record, records: Sequence[Record], results_dir: Path, data_dir: Path, cache_dir: Path
) -> Material:
    """Return what a page about a record is made of; what is missing has a reason.

    Args:
        record: of the score.
        records: all of its task, for the board.
        results_dir: where its arrays lie.
        data_dir: where data sets lie.
        cache_dir: where copies of tasks lie.
    """
    if record.faults or record.final_score is None:
        return Material(record)
    alike = [each for each in records if each.identity == record.identity]
    (group,) = build_leaderboard(alike).groups
    problems: dict[str, str] = {}
    arrays: Arrays = {}
    pictures = None
    try:
        arrays = read_kept(record, results_dir)
        n_examples = len(arrays["epsilons"])
        pictures = read_pictures(record, data_dir, cache_dir, n_examples)
    except ScorerError as error:
        problems["pictures" if arrays else "arrays"] = str(error)
    if not arrays:
        problems["pictures"] = problems["arrays"]
    return Material(record, group, arrays, pictures, problems)
