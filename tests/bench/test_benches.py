"""Every bench in its smallest configuration: the promised keys, finite figures, honest notes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from scorer.bench import (
    BENCHES,
    Settings,
    floors,
    gpu,
    metric,
    oracles,
    scaling,
    score,
)
from scorer.bench._floors import Peaks
from scorer.bench.base import Bench
from scorer.bench.report import Report
from scorer.bench.timing import Figure
from scorer.bench.worker import Workers, usual_environment
from scorer.cli import main
from scorer.engines.base import Emit, Engine, Spec, resolve
from scorer.errors import ScorerError
from scorer.oracles.pool import Pool
from scorer.tasks import TASKS
from scorer.training.paths import TrainingPath

ROUNDS = 2


@pytest.fixture(autouse=True)
def tiny(tiny_is_known: None) -> None:
    """Let the benches know the tiny task."""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def settings(cache: Path) -> Settings:
    return Settings("tiny", ROUNDS, cache / "no-data", cache)


class InlineEngine(Engine):
    """Runs shards one after another in this process, which starts nothing."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        for spec in specs:
            resolve(function)(json.loads(json.dumps(spec)), on_event)


@pytest.fixture(autouse=True)
def chosen_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time no training paths first: two models at once."""
    path = TrainingPath(name="stacked", k=2, device="cpu", dtype="float32")
    for module in (gpu, oracles, scaling):
        monkeypatch.setattr(module, "choose_path", lambda *_: path)


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no worker processes for shards: engines have tests of their own."""
    for module in (gpu, scaling):
        monkeypatch.setattr(module, "make_engine", lambda _, n_workers: InlineEngine(n_workers))


def checked(report: Report) -> dict[str, Any]:
    """Return the JSON of a report whose figures all have what every figure must have."""
    values: dict[str, Any] = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert values["command"].startswith(f"python -m scorer bench {report.bench}")
    environment = values["environment"]
    assert environment["torch"] == torch.__version__
    assert environment["cores"] >= 1
    assert environment["device"] == report.device
    assert values["figures"] and values["notes"]
    for figure in values["figures"]:
        assert figure["n"] >= 1
        assert figure["min"] <= figure["median"] <= figure["max"]
        assert all(math.isfinite(figure[key]) for key in ("min", "median", "max"))
    return values


def test_oracles(settings: Settings) -> None:
    values = checked(oracles.measure(settings, turn_s=0.01, n_workers=1))
    for key in ("models_per_s", "ratio_vs_dataloader_loop", "ratio_vs_tensor_loop"):
        assert values[key] > 0
    assert (values["path"], values["k"]) == ("stacked", 2)
    assert values["steps_per_model"] == 2 * (values["n_examples"] // 64)
    assert {figure["n"] for figure in values["figures"]} == {ROUNDS}
    assert values["variant"] == "tiny"


def test_oracles_on_random_images_says_so(cache: Path) -> None:
    data, source = oracles.training_data(TASKS["fashion_mnist"], cache / "none", 300)
    assert data.images.shape == (300, 1, 28, 28)
    assert "random images" in source


def test_a_worker_that_fails_is_quoted() -> None:
    with (
        Workers([{"way": "kit", "data": "nowhere"}], usual_environment({})) as workers,
        pytest.raises(ScorerError, match=r"(?s)ended with code 1.*nowhere"),
    ):
        workers.run(1)


def test_the_usual_loops_keep_nobodys_choice_of_threads() -> None:
    chosen = {"OMP_NUM_THREADS": "1", "MALLOC_TRIM_THRESHOLD_": "1", "PATH": "/bin"}
    assert usual_environment(chosen) == {"PATH": "/bin"}


def test_metric(settings: Settings) -> None:
    values = checked(metric.measure(settings, n_models=16, n_examples=3))
    assert set(values["rules"]) == {"competition", "exact"}
    for rule in (values, *values["rules"].values()):
        for key in ("elapsed_s", "peak_mib", "ratio_vs_grid"):
            assert rule[key] > 0
    assert values["elapsed_s"] == values["rules"]["competition"]["elapsed_s"]
    assert any("extrapolated" in note for note in values["notes"])


@pytest.mark.usefixtures("inline")
def test_score(settings: Settings, tiny_pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorer.oracles.open.choose_path", lambda *_: tiny_pool.path)
    one = Settings("", 1, settings.data_dir, tiny_pool.cache_dir)
    before = sorted(tiny_pool.root.iterdir())
    values = checked(score.measure(one, task_name="tiny", n_models=4, n_workers=1))
    for key in ("load_task_s", "banks_s", "runs_s", "metric_s", "total_s", "fresh_runs_s"):
        assert values[key] > 0
    assert values["runs_s"] < values["total_s"]
    assert values["ratio_vs_fresh_processes"] == values["fresh_runs_s"] / values["runs_s"]
    assert values["run_s"] > 0
    assert sorted(tiny_pool.root.iterdir()) == before


@pytest.mark.usefixtures("inline")
def test_scaling_without_ray_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "why_no_ray", lambda: "skipped: ray is not installed")
    one = Settings("", 1, settings.data_dir, settings.cache_dir)
    values = checked(
        scaling.measure(
            one,
            n_models=(8, 16),
            n_examples=(2, 4),
            fixed_examples=3,
            task_name="tiny",
            n_pool_models=2,
        )
    )
    sizes = [(size["n_models"], size["n_examples"]) for size in values["metric"]]
    assert sizes == [(8, 3), (16, 3), (8, 2), (8, 4)]
    assert all(size["peak_mib"] > 0 for size in values["metric"])
    assert values["growth_with_n_models"] > 0
    assert set(values["pool"]) == {"local, 1 worker", "local, 2 workers"}
    assert values["ratio_2_workers"] > 0
    assert "pool on Ray skipped: ray is not installed" in values["notes"]


@pytest.mark.usefixtures("inline")
def test_gpu_arithmetic_on_a_cpu(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Traced and not translated to C++, which takes half a minute.
    monkeypatch.setattr(gpu, "COMPILE", {"backend": "eager"})
    peaks = Peaks([1e15, 2e15, 3e15], [1e9] * 3)
    values = checked(
        gpu.measure(
            settings,
            torch.device("cpu"),
            peaks,
            tasks=("tiny",),
            group_sizes=(2, 10**6),
            pool_task="tiny",
            n_pool_models=2,
            n_examples=70,
            turn_s=0.0,
        )
    )
    assert values["matmul_tflop_per_s"] == 2000
    task = values["tasks"]["tiny"]
    assert set(task["paths"]) == {"compile", "graph", "loop", "stacked k=2"}
    assert task["floor_bound"] == "memory"
    assert task["floor_ms"] == pytest.approx(1e3 * task["bytes_per_model_step"] / 1e9)
    for path in task["paths"].values():
        expected = 100 * path["model_steps_per_s"] * task["floor_ms"] / 1e3
        assert path["percent_of_floor"] == pytest.approx(expected)
    assert "MiB" in task["skipped"]["stacked k=1000000"]
    assert any("k=1000000: skipped" in note for note in values["notes"])
    assert 0 <= values["pool"]["test_accuracy_percent"] <= 100
    assert values["pool"]["models_per_s"] == 2 / values["pool"]["elapsed_s"]


@pytest.mark.usefixtures("inline")
def test_gpu_says_which_path_failed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "COMPILE", {"backend": "nobody"})
    report = gpu.measure(
        settings,
        torch.device("cpu"),
        Peaks([1e15], [1e9]),
        tasks=("tiny",),
        group_sizes=(),
        pool_task="tiny",
        n_pool_models=1,
        n_examples=70,
        turn_s=0.0,
    )
    task = report.values["tasks"]["tiny"]
    assert set(task["paths"]) == {"graph", "loop"}
    assert "nobody" in task["skipped"]["compile"]
    assert any("compile: skipped" in note for note in report.notes)


def test_gpu_without_data_trains_no_pool(settings: Settings) -> None:
    report = Report("gpu", "python -m scorer bench gpu")
    gpu._measure_pool(settings, report, torch.device("cpu"), "cifar10", 2)
    assert "pool" not in report.values
    assert "no pool was trained" in report.notes[0]


def test_least_time_of_a_pool(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floors, "GPU_TASKS", ("tiny",))
    values = checked(floors.count(settings))
    operations, traffic, *_ = [figure["median"] for figure in values["figures"]]
    n_models = floors.N_MODELS
    arithmetic_s = n_models * operations * 1e15 / floors.FLOPS_PER_S
    traffic_s = n_models * traffic * 1e12 / floors.BYTES_PER_S
    assert values["tiny_arithmetic_min"] == pytest.approx(arithmetic_s / 60)
    assert values["tiny_traffic_min"] == pytest.approx(traffic_s / 60)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_every_bench_is_listed() -> None:
    assert set(BENCHES) == {"floors", "gpu", "metric", "oracles", "scaling", "score"}
    text = call("bench").stdout
    rows = json.loads(call("ls", "benches", "--json").stdout)["benches"]
    assert json.loads(call("bench", "--json").stdout)["benches"] == rows
    for row in rows:
        assert row["name"] in text
        assert row["summary"] in text


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("oracle",), 2, "unknown bench 'oracle'. Did you mean oracles or"),
        (("oracles", "--task", "digit"), 2, "unknown task of bench oracles 'digit'"),
        (("metric", "--task", "digits"), 2, "bench metric takes no --task"),
        (("metric", "--rounds", "4"), 2, "4 is not in the range x>=5"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = call("bench", *arguments)
    assert (result.exit_code, message in result.stderr) == (code, True), result.stderr


def test_gpu_needs_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = call("bench", "gpu")
    assert result.exit_code == 1
    assert "bench gpu needs a CUDA device" in result.stderr


@pytest.fixture
def quick_bench(monkeypatch: pytest.MonkeyPatch) -> Callable[[Settings], Report]:
    """Put a bench without work in place of `metric`."""

    def run(settings: Settings) -> Report:
        report = Report("metric", BENCHES["metric"].command("", settings.rounds))
        report.add("speed of | light", "m/s", [3e8] * settings.rounds, "light")
        report.notes.append("exact by definition")
        return report

    monkeypatch.setitem(BENCHES.members, "metric", Bench("metric", "light", run))
    return run


def test_a_bench_prints_a_table_or_one_object(quick_bench: Callable[[Settings], Report]) -> None:
    text = call("bench", "metric").stdout
    for part in ("speed of | light", "300,000,000", "m/s", "cores", "exact by definition"):
        assert part in text
    values = json.loads(call("bench", "metric", "--rounds", "6", "--json").stdout)
    assert values["light"] == 3e8
    assert values["figures"][0]["n"] == 6
    assert values["command"] == "python -m scorer bench metric --rounds 6"


def test_figures_are_saved_by_bench_variant_and_device(tmp_path: Path) -> None:
    report = Report("oracles", "python -m scorer bench oracles", "cpu", "fashion_mnist")
    report.add("speed", "models/s", [1.0, 2.0, 4.0], "models_per_s")
    path = report.save(tmp_path)
    assert path.name == "oracles-fashion_mnist-cpu.json"
    assert json.loads(path.read_text())["models_per_s"] == 2.0
    report.figures.append(Figure("broken", "s", 1, math.nan, math.nan, math.nan))
    with pytest.raises(ScorerError, match="must be finite"):
        report.save(tmp_path)
