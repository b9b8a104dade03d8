"""A new measure is one file: record, schema, tables and leaderboard learn of it by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scorer.measures import MEASURES, measure
from scorer.results.leaderboard import build_leaderboard
from scorer.results.record import read_record, save_record
from scorer.results.schema import schema_json, schema_markdown
from scorer.results.tables import group_markdown, plain_text, record_tables
from tests.measures._banks import simulated_evidence
from tests.results._records import make_record
from tests.results.test_migrations import VERSION_1, newer_than_version_1

SOURCE = '''"""Spread of the unlearned models."""

import numpy as np

from scorer.measures.base import Measure, Measured, Measurement


def compute(evidence):
    """Return the largest spread over runs of any forget example, and another number."""
    spread = evidence.confidence("unlearned").std(axis=0)
    return Measured({"largest_spread": float(spread.max()), "spreads": {"mean": 1.0}})


MEASURE = Measure(
    name="spread",
    summary="spread over runs",
    needs=frozenset({"unlearned"}),
    compute=compute,
    measurements=(
        Measurement(
            "largest_spread",
            "largest spread over runs of a forget example",
            unit="logits",
            higher_is_better=True,
            score_line="largest spread",
            column="spread",
        ),
        Measurement("spreads.mean", "mean spread", column="mean spread"),
    ),
)
'''


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of measures with one file, where the registry looks too."""
    folder = tmp_path / "more_measures"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "spread.py").write_text(SOURCE)
    list(MEASURES)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(MEASURES, "also_in", (*MEASURES.also_in, "more_measures"))
    monkeypatch.delitem(vars(MEASURES), "members")


def test_a_new_measure_shows_up_everywhere(tmp_path: Path) -> None:
    evidence = simulated_evidence()
    measured = measure(evidence, ["spread"])
    value = float(evidence.confidence("unlearned").std(axis=0).max())
    assert measured.values["largest_spread"] == value
    record = make_record(largest_spread=value)
    path = save_record(record, {}, None, tmp_path)
    assert json.loads(path.read_text())["largest_spread"] == value
    assert read_record(path) == record
    shown = plain_text(*record_tables(record)).splitlines()
    assert f"{value:.3f}" in next(line for line in shown if "largest spread" in line)
    (group,) = build_leaderboard([record]).groups
    assert group.as_dict()["rows"][1]["largest_spread"] == value
    head, _, _, row, *_ = group_markdown(group).splitlines()[2:]
    names, shown_values = (line.strip("| ").split(" | ") for line in (head, row))
    place = names.index("spread")
    assert place > names.index("relative score")
    assert names[place : place + 2] == ["spread", "mean spread"]
    assert shown_values[place : place + 2] == [f"{value:.3f}", "0.250"]
    assert '"largest_spread"' in schema_json()
    assert (
        "| `largest_spread` | logits | higher | largest spread over runs of a forget example |"
        in schema_markdown()
    )


def test_records_and_boards_from_before_it_are_read_as_they_were() -> None:
    record = read_record(VERSION_1)
    assert record.largest_spread is None
    assert record.missing == newer_than_version_1()
    assert {"largest_spread", "spreads"} <= record.missing.keys()
    (group,) = build_leaderboard([record]).groups
    assert "spread" not in group_markdown(group)
