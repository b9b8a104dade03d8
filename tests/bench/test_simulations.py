"""Tables of simulations: how they are made, and, slowly, that the statistics hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.bench import Settings
from scorer.bench._simulations import SIMULATIONS, Simulation
from scorer.bench._simulations.certified import CASES
from scorer.bench._simulations.kept import KeptRows
from scorer.bench.simulations import simulate
from scorer.results.speed import speed_markdown, speed_tables
from scorer.results.tables import plain_text
from scorer.simulated.laws import LAWS


def rows(name: str, rounds: int = 2) -> list[dict[str, Any]]:
    """Return every row of a table, at few repeats, by its heads."""
    table = SIMULATIONS[name]
    return [
        dict(zip(table.columns, table.simulate(case, rounds), strict=True))
        for case in range(len(table.cases))
    ]


def test_rows_are_kept_for_one_state_of_the_code(tmp_path: Path) -> None:
    source = tmp_path / "scorer" / "metric" / "one.py"
    source.parent.mkdir(parents=True)
    source.write_text("A = 1\n")
    first = KeptRows(tmp_path, tmp_path)
    first.keep("a", 0, 7, ["x", 1.5, float("inf"), 3])
    assert KeptRows(tmp_path, tmp_path).read("a", 0, 7) == ["x", 1.5, float("inf"), 3]
    assert first.read("a", 0, 8) is first.read("a", 1, 7) is first.read("b", 0, 7) is None
    source.write_text("A = 2\n")
    assert KeptRows(tmp_path, tmp_path).read("a", 0, 7) is None


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Simulation]:
    """Put a table whose rows cost nothing in the place of all."""

    def row(case: str, rng: np.random.Generator, rounds: int) -> list[str | float | int]:
        return [case, float(rng.random()), rounds]

    table = Simulation("light", "light | fast", "No work.", ("case", "drawn", "n"), "ab", row)
    return {"light": table}


def test_rows_are_seeded_by_case_and_rounds(light: Mapping[str, Simulation]) -> None:
    table = light["light"]
    assert table.simulate(0, 5) == table.simulate(0, 5)
    drawn = {table.simulate(*each)[1] for each in ((0, 5), (1, 5), (0, 6))}
    assert len(drawn) == 3


def test_a_row_that_does_not_fit_its_heads_is_refused() -> None:
    table = Simulation("bad", "", "", ("one", "two"), "a", lambda *_: [1.0])
    with pytest.raises(TypeError, match="row of simulation bad must have 2 cells, got"):
        table.simulate(0, 5)


def test_the_bench_makes_every_row_and_the_documents_show_them(tmp_path: Path) -> None:
    done: list[int] = []
    settings = Settings(
        "", 5, tmp_path, tmp_path, lambda what, made, total: done.append(total - made)
    )
    # Rows are made in processes of their own, which know the tables that are there.
    known = {"certified": dataclasses.replace(SIMULATIONS["certified"], cases=CASES[:8])}
    values = simulate(settings, simulations=known).as_dict()
    (table,) = values["tables"]
    assert table["heads"] == list(known["certified"].columns)
    assert [row[0] for row in table["rows"][::4]] == list(LAWS)[:2]
    assert table["rows"][3] == known["certified"].simulate(3, 5)
    assert min(done) == 0 and len(done) == len(table["rows"])
    assert json.loads(json.dumps(values)) == values
    # Another call makes none of them again, but the one that is damaged.
    files = sorted((tmp_path / "bench").rglob("certified-*.json"))
    assert len(files) == len(table["rows"])
    times = [path.stat().st_mtime_ns for path in files]
    files[0].write_text("[1, ")
    assert simulate(settings, simulations=known).as_dict()["tables"] == values["tables"]
    assert [path.stat().st_mtime_ns for path in files[1:]] == times[1:]
    assert json.loads(files[0].read_text())
    text = speed_markdown(values)
    assert "**Certified bounds.** On laws with a known epsilon" in text
    assert "| one Cauchy law | 256 | 0.1 |" in text
    assert values["command"] in text
    assert "one Cauchy law" in plain_text(*speed_tables(values), width=140)


def test_certified_bounds_exceed_the_truth_in_at_most_one_of_twenty() -> None:
    found = rows("certified", rounds=1)
    # 300 repeats a row: the allowance is three standard errors of such a share.
    assert max(row["above the truth"] for row in found) <= 0.05 + 3 * (0.05 * 0.95 / 300) ** 0.5
    assert max(row["above 0"] for row in found) > 0.9


@pytest.mark.slow
def test_the_error_of_f_is_the_true_deviation() -> None:
    ratios = [row["error / true"] for row in rows("errors") if row["rule"] == "competition"]
    # 60 repeats a row know a deviation to 9 %.
    assert min(ratios) > 0.8 * 0.8 and max(ratios) < 1.4 * 1.2
    assert 0.85 < np.mean(ratios) < 1.25


@pytest.mark.slow
def test_the_ceiling_is_unbiased_steadier_and_knows_its_error() -> None:
    for row in rows("ceiling"):
        assert row["paired"] == pytest.approx(row["once"], abs=4 * row["sd once"] / 30**0.5)
        assert row["sd paired"] < 0.5 * row["sd once"]
        assert 0.6 < row["error / true"] < 1.7
        assert row["within 2"] > 0.8


@pytest.mark.slow
def test_equal_methods_are_tied() -> None:
    found = rows("ties")
    assert np.mean([row["over the board"] for row in found]) <= 0.1
    assert np.mean([row["each pair"] for row in found]) > 0.3


@pytest.mark.slow
def test_both_tests_between_methods_keep_their_size() -> None:
    for row in rows("compare"):
        # 60 repeats a row. Exchange within pairs is exact; the difference by its error is not, its
        # tails are longer than those of Student's t: some 0.1 of the repeats are told apart.
        if row["methods"].startswith(("one law", "equal F")):
            assert row["rejects equal F"] <= 0.1 + 3 * (0.1 * 0.9 / 60) ** 0.5
        if row["methods"] == "one law":
            assert row["rejects one law"] <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5


@pytest.mark.slow
def test_errors_hold_over_several_originals() -> None:
    found = [row for row in rows("originals", rounds=3) if row["originals"] > 1]
    ratios = [row["error / true"] for row in found]
    assert min(ratios) > 0.55 and max(ratios) < 1.7
    several = [row for row in found if row["originals"] == 8]
    carried = {row["share"]: row["sd between originals"] for row in several if row["bias"] == 0.5}
    assert carried[0.0] < carried[0.3]
    blind = [row["as if independent"] for row in several if row["share"]]
    held = [row["error / true"] for row in several if row["share"]]
    assert np.mean(held) > np.mean(blind)
