"""Verb `bench`: the list, tables and JSON, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from scorer.bench import BENCHES, Bench, Report, Settings, gpu_stages
from scorer.cli import main
from scorer.settings import PROJECT_ROOT


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
        (("metric", "--all"), "bench metric takes no --all"),
        (("metric", "--limit-s", "9"), "bench metric takes no --limit-s"),
        (("gpu", "--limit-s", "9"), "--limit-s is the time of a call with --all"),
        (("gpu", "--all", "--limit-s", "0"), "0.0 is not in the range x>0"),
        (("gpu", "--all", "--task", "digits"), "bench gpu takes no --task"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    result = call("bench", *arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


@pytest.mark.parametrize("more", [(), ("--all",)])
def test_gpu_needs_a_gpu(more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = call("bench", "gpu", *more)
    assert result.exit_code == 1
    assert "bench gpu needs a CUDA device" in result.stderr


@pytest.mark.parametrize(
    ("more", "rounds", "limit_s"),
    [((), gpu_stages.ROUNDS, gpu_stages.LIMIT_S), (("--rounds", "6", "--limit-s", "60"), 6, 60.0)],
)
def test_all_of_a_gpu_is_saved_after_each_stage(
    more: tuple[str, ...],
    rounds: int,
    limit_s: float,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    saved: list[str] = []
    told: dict[str, Any] = {}

    def measure(
        settings: Settings, results_dir: Path, limit_s: float, say: Any, **how: Any
    ) -> Report:
        told.update(how, limit_s=limit_s, results_dir=results_dir)
        say("a stage was done")
        report = Report("gpu", "python -m scorer bench gpu --all")
        how["on_report"](report)
        return report

    def save(report: Report) -> Path:
        saved.append(report.bench)
        return PROJECT_ROOT / "scorer" / "figures.json"

    monkeypatch.setattr(gpu_stages, "measure_everything", measure)
    monkeypatch.setattr(Report, "save", save)
    folder = ("--results-dir", str(tmp_path))
    result = call("bench", "gpu", "--all", "--save", *folder, *more)
    assert result.exit_code == 0, result.stderr
    assert "a stage was done" in result.stderr
    assert saved == ["gpu", "gpu"]
    assert (told["limit_s"], told["plan"].rounds) == (limit_s, rounds)
    assert (told["results_dir"], told["plan"].device) == (tmp_path, "cuda")


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
