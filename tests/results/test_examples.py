"""Verdicts on single examples: what leaks, what is forgotten, and what nobody can tell."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.errors import ScorerError, UsageError
from scorer.metric.rules import make_rule
from scorer.results.example_files import save_examples
from scorer.results.examples import CANNOT_TELL, FORGOTTEN, LEAKS, VERDICTS, examples_of
from scorer.results.tables import examples_tables, plain_text
from tests.results._records import make_record


def banks(n_models: int = 64, n_examples: int = 40, shift: float = 3.0) -> dict[str, np.ndarray]:
    """Return arrays of a record whose first ten examples leak by a shift."""
    rng = np.random.default_rng(0)
    oracle, unlearned = rng.normal(0.0, 2.0, (2, n_models, n_examples))
    unlearned[:, :10] += 2.0 * shift
    stratum = np.where(np.arange(n_examples) < 20, "hard", "random")
    return {
        "unlearned_confidence": unlearned,
        "oracle_confidence": oracle,
        "stratum": stratum,
    }


def test_what_was_shifted_leaks_and_the_rest_is_forgotten() -> None:
    found = examples_of(make_record(), banks())
    assert {row.verdict for row in found.rows[:10]} == {LEAKS}
    others = [row.verdict for row in found.rows[10:]]
    assert others.count(FORGOTTEN) >= 25
    assert others.count(LEAKS) <= 1
    for row in found.rows[:10]:
        assert row.epsilon_lb is not None and 0.5 < row.epsilon_lb < row.epsilon
        assert row.mean_error is not None and row.mean_error > 2
    assert found.counts()["hard"][LEAKS] >= 10
    assert {row.example for row in found.worst(10)} == set(range(10))


def test_a_row_says_what_the_rule_found() -> None:
    arrays, record = banks(), make_record(rule="exact", delta=0.01)
    found = make_rule("exact", delta=0.01).epsilons(
        arrays["unlearned_confidence"], arrays["oracle_confidence"]
    )
    for row in examples_of(record, arrays).rows:
        attack = found.attack(row.example)
        assert (row.epsilon, row.family, row.inside) == (
            attack.epsilon, attack.family, attack.inside,
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["one epsilon too large", "undecided", "too few models"])
def test_in_doubt_nobody_tells(kind: str) -> None:
    arrays = banks(4 if kind == "too few models" else 64, shift=0.0)
    oracle, unlearned = arrays["oracle_confidence"], arrays["unlearned_confidence"]
    if kind == "one epsilon too large":  # a tail that few runs make, which no test confirms
        unlearned[:, 0] = oracle[:, 0]
        unlearned[:13, 0] = 30.0
        oracle[:1, 0] = 31.0
    if kind == "undecided":
        unlearned[:, 0] = oracle[:, 0] = 1.0
    row = examples_of(make_record(n_models=len(oracle)), arrays).rows[0]
    assert row.verdict == CANNOT_TELL
    assert row.p_value > 0.05


@pytest.mark.parametrize("n_models", [2, 3, 4])
def test_few_models_say_that_they_see_nothing(n_models: int) -> None:
    found = examples_of(make_record(n_models=n_models), banks(n_models))
    assert found.detectable_epsilon is None
    assert {row.verdict for row in found.rows} == {CANNOT_TELL}
    assert (found.rows[0].epsilon_lb is None) is (n_models < 4)
    text = " ".join(plain_text(*examples_tables(found)).split())
    assert f"{n_models} models tell nothing of single examples" in text


def test_equal_runs_leak_and_have_no_spread() -> None:
    arrays = banks(shift=0.0)
    arrays["unlearned_confidence"][:] = arrays["unlearned_confidence"][0]
    rows = examples_of(make_record(), arrays).rows
    assert all(row.log_spread_error is None and row.verdict == LEAKS for row in rows)
    arrays["oracle_confidence"][:] = 1.0
    assert examples_of(make_record(), arrays).rows[0].mean_error is None


def test_a_record_without_strata_shows_a_gap() -> None:
    arrays = banks()
    del arrays["stratum"]
    found = examples_of(make_record(), arrays)
    assert {row.stratum for row in found.rows} == {None}
    assert "│ - " in plain_text(*examples_tables(found))


def test_without_a_score_or_banks_there_are_no_examples() -> None:
    fault: dict[str, Any] = {"fault": "raised", "message": "", "trace": "", "run": 0}
    with pytest.raises(ScorerError, match="need a score of finetune, got: 1 of 64 runs failed"):
        examples_of(make_record(faults=[fault]), {})
    with pytest.raises(ScorerError, match="arrays of run-finetune must hold the arrays unlearned"):
        examples_of(make_record(), {})
    arrays = banks() | {"oracle_confidence": np.zeros((3, 40))}
    with pytest.raises(ScorerError, match="must have the same shape"):
        examples_of(make_record(), arrays)


@pytest.mark.parametrize("width", [60, 80])
def test_tables_are_whole_on_narrow_terminals(width: int) -> None:
    found = examples_of(make_record("a_method_with_a_long_name" * 3), banks())
    text = plain_text(*examples_tables(found), width=width)
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())
    for part in ("leaks", "hard", "random", "all", "notices a true epsilon from"):
        assert part in text


def test_files_hold_every_row(tmp_path: Path) -> None:
    found = examples_of(make_record(), banks())
    for name in ("mine.csv", "mine.json"):
        save_examples(found, tmp_path / name)
        save_examples(found, tmp_path / name)  # in place of what is there
    with (tmp_path / "mine.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    assert float(rows[3]["epsilon"]) == found.rows[3].epsilon
    values = json.loads((tmp_path / "mine.json").read_text())
    assert values["examples"][3] == dataclasses.asdict(found.rows[3])
    assert sum(values["verdicts"].values()) == 40
    assert set(values["verdicts"]) == set(VERDICTS)
    assert values["task"] == "digits" and values["n_models"] == 64
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "mine.json"]


@pytest.mark.parametrize("name", ["mine.parquet", "mine", ".csv.gz"])
def test_other_endings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in .csv or .json"):
        save_examples(examples_of(make_record(), banks()), tmp_path / name)
