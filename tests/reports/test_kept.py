"""Arrays are held against the record beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from scorer.errors import ScorerError
from scorer.reports.kept import read_kept
from scorer.results.record import save_record
from tests.reports._scores import make_score

Arrays = dict[str, np.ndarray]


def test_whole_arrays_are_returned_under_every_rule(tmp_path: Path) -> None:
    for rule in ("exact", "competition"):
        record, arrays = make_score(rule=rule)
        save_record(record, arrays, None, tmp_path)
        assert read_kept(record, tmp_path).keys() == arrays.keys()


def moved(name: str) -> Callable[[Arrays], None]:
    """Return what changes an array a little."""

    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name] + 0.25

    return change


def shortened(name: str) -> Callable[[Arrays], None]:
    """Return what takes the last example from an array."""

    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name][..., :-1]

    return change


def poisoned(name: str, value: float) -> Callable[[Arrays], None]:
    """Return what puts a value into an array."""

    def change(arrays: Arrays) -> None:
        arrays[name] = arrays[name].copy()
        arrays[name].flat[0] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (moved("oracle_confidence"), "another digest"),
        (moved("control_confidence"), "another digest"),
        (moved("unlearned_confidence"), "other epsilons"),
        (moved("points"), "other points"),
        (poisoned("epsilons", -1.0), "negative or not finite"),
        (poisoned("epsilons", np.nan), "negative or not finite"),
        (poisoned("ceiling_points", np.inf), "not finite"),
        (poisoned("unlearned_confidence", np.nan), "must be finite"),
        (shortened("epsilons"), "epsilons of shape"),
        (shortened("stratum"), "stratum of shape"),
        (shortened("unlearned_confidence"), "same shape"),
        (lambda arrays: arrays.pop("epsilons"), "no array 'epsilons'"),
        (lambda arrays: arrays.pop("oracle_confidence"), "no array 'oracle_confidence'"),
    ],
)
def test_altered_arrays_are_refused(
    tmp_path: Path, change: Callable[[Arrays], object], said: str
) -> None:
    record, arrays = make_score()
    change(arrays)
    save_record(record, arrays, None, tmp_path)
    with pytest.raises(ScorerError, match=r"run-mine\.npz must hold the arrays") as raised:
        read_kept(record, tmp_path)
    assert said in str(raised.value)


def test_arrays_of_another_score_are_refused(tmp_path: Path) -> None:
    record, _ = make_score()
    for changes in ({"n_models": 8}, {"shift": 2.0}, {"n_examples": 12}):
        _, arrays = make_score(**changes)
        save_record(record, arrays, None, tmp_path)
        with pytest.raises(ScorerError, match="must hold the arrays"):
            read_kept(record, tmp_path)
