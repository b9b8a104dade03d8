"""Verb `bench`: the list, tables and JSON, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from scorer.bench import BENCHES, Bench, Report, Settings
from scorer.cli import main


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_every_bench_is_listed() -> None:
    assert {"floors", "gpu", "metric", "oracles", "scaling", "score"} <= set(BENCHES)
    text = call("bench").stdout
    rows = json.loads(call("ls", "benches", "--json").stdout)["benches"]
    assert json.loads(call("bench", "--json").stdout)["benches"] == rows
    assert [row["name"] for row in rows] == list(BENCHES)
    for row in rows:
        assert row["name"] in text
        assert row["summary"] in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("oracle",), "unknown bench 'oracle'. Did you mean oracles or"),
        (("oracles", "--task", "digit"), "unknown task of bench oracles 'digit'"),
        (("metric", "--task", "digits"), "bench metric takes no --task"),
        (("metric", "--rounds", "4"), "4 is not in the range x>=5"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    result = call("bench", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_gpu_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = call("bench", "gpu")
    assert result.exit_code == 1
    assert "bench gpu needs a CUDA device" in result.stderr


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Put a bench without work among the others."""

    def run(settings: Settings) -> Report:
        report = bench.report(settings)
        report.add("speed of | light", "m/s", [3e8] * settings.rounds, "light")
        report.notes.append("exact by definition")
        report.unfit = "nothing was measured" if settings.task == "dark" else ""
        return report

    bench = Bench("light", "no work", run, ("bright", "dark"))
    monkeypatch.setitem(BENCHES.members, "light", bench)
    return bench


@pytest.mark.usefixtures("light")
def test_a_bench_prints_a_table_or_one_object() -> None:
    text = call("bench", "light").stdout
    for part in ("speed of | light", "300,000,000", "m/s", "cores", "exact by definition"):
        assert part in text
    values = json.loads(call("bench", "light", "--rounds", "6", "--json").stdout)
    assert values["light"] == 3e8
    assert values["figures"][0]["n"] == 6
    assert values["command"] == "python -m scorer bench light --rounds 6"
    assert values["notes"][-1].startswith("load of the minute before: ")


@pytest.mark.usefixtures("light")
def test_unfit_figures_are_shown_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("unfit figures were written")

    monkeypatch.setattr(Path, "write_text", never)
    result = call("bench", "light", "--task", "dark", "--save", "--json")
    assert result.exit_code == 1
    assert "figures of bench light were not kept: nothing was measured" in result.stderr
    values = json.loads(result.stdout)
    assert values["notes"][-1] == "nothing was measured"
    assert values["variant"] == "dark"
