"""What each stage measures, in the process that it has for itself."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
import torch

from data_prep import MissingData
from scorer import pipeline
from scorer.bench import _loops as loops
from scorer.bench import gpu
from scorer.bench.base import Report, Settings
from scorer.bench.gpu_stages.plan import Plan
from scorer.bench.gpu_stages.state import Found
from scorer.engines.base import Emit, Spec
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.results.record import Record
from scorer.runner.faults import Fault
from scorer.runner.tiers import said as said_of_tier
from scorer.settings import PROJECT_ROOT
from scorer.steps import models_wanted
from scorer.tasks import TASKS
from scorer.training.loop import TrainingSet
from scorer.training.paths import measured_path

SAID_EVERY_S = 5.0

SCORE_FIELDS = (
    "forgetting_quality", "forgetting_quality_se", "ceiling", "floor", "final_score",
    "relative_score", "relative_score_se", "retain_accuracy", "test_accuracy", "time_ratio",
    "time_ratio_se", "compute_ratio", "budget_verdict", "elapsed_s", "retraining_s",
)  # fmt: skip
"""Of a record, kept with the figures."""


@dataclass(frozen=True)
class Told:
    """What a stage is told.

    Attributes:
        plan: of all stages.
        subject: task or method of this one.
        again: it failed before, so that its runs are to be made anew.
        speeds: operations and bytes a second that the device was measured to reach, or none yet.
        data_dir: where data sets lie.
        cache_dir: of the kit.
        results_dir: where records go.
        emit: see `scorer.bench.gpu_stages.apart.run_apart`.
    """

    plan: Plan
    subject: str
    again: bool
    speeds: tuple[float, ...]
    data_dir: Path
    cache_dir: Path
    results_dir: Path
    emit: Emit

    @property
    def device(self) -> torch.device:
        """Return the device that is measured."""
        return torch.device(self.plan.device)

    def settings(self) -> Settings:
        """Return what a bench is told."""
        return Settings("", self.plan.rounds, self.data_dir, self.cache_dir)

    def options(self, task: str, n_models: int) -> Options:
        """Return the options of a pool or score on the device."""
        return Options(
            task=task,
            n_models=n_models,
            device=self.plan.device,
            engine=self.plan.engine,
            data_dir=self.data_dir,
            cache_dir=self.cache_dir,
            results_dir=self.results_dir,
        )

    def say(self, text: str) -> None:
        """Show a line."""
        self.emit({"said": text})

    def tell(self, report: Report) -> None:
        """Tell what was measured so far, so that it is kept whatever happens next."""
        found = asdict(Found.of(report))
        self.emit({"found": {**found, "notes": [self.placeless(note) for note in report.notes]}})

    def placeless(self, text: str) -> str:
        """Return a text without this machine's folders, as documents may show it."""
        named = {self.data_dir: "DATA_DIR", self.cache_dir: "CACHE_DIR", PROJECT_ROOT: "."}
        for folder in sorted(named, key=lambda path: -len(str(path))):  # one may lie in another
            text = text.replace(str(folder), named[folder])
        return text


def run_stage(spec: Spec, emit: Emit) -> None:
    """Do one stage and tell what it measured: a shard function.

    Args:
        spec: `kind` of work, `plan`, and the other attributes of `Told` but `emit`.
        emit: see `scorer.bench.gpu_stages.apart.run_apart`.
    """
    plan = msgspec.convert(spec["plan"], Plan)
    folders = {name: Path(spec[name]) for name in ("data_dir", "cache_dir", "results_dir")}
    speeds, again = tuple(spec["speeds"]), bool(spec["again"])
    told = Told(plan, str(spec["subject"]), again, speeds, emit=emit, **folders)
    report = Report("gpu", "")
    try:
        WORK[spec["kind"]](told, report)
    except MissingData as error:
        emit({"missing": told.placeless(str(error))})
    except Exception as error:  # whatever it is, it is told and ends this stage alone
        traceback.print_exc()
        emit({"unfit": told.placeless(f"{type(error).__name__}: {error}")})
    else:
        emit({"unfit": told.placeless(report.unfit)} if report.unfit else {})
    finally:
        told.tell(report)


def run_tests(told: Told, report: Report) -> None:
    """Run the tests that need the device, and count them."""
    with tempfile.TemporaryDirectory() as folder:
        path, start = Path(folder, "tests.xml"), time.perf_counter()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
        done = subprocess.run(
            [*command, f"--junitxml={path}", *told.plan.tests],
            cwd=PROJECT_ROOT,
            stdout=sys.stderr,
            check=False,
        )
        seconds = time.perf_counter() - start
        if not path.exists():
            raise ScorerError(f"pytest ended with exit code {done.returncode} and counted nothing")
        counts = counted(path)
    for outcome in ("passed", "failed", "skipped"):
        report.add(f"tests {outcome}", "tests", counts[outcome], f"tests_{outcome}")
    report.add("tests, all of them", "s", seconds, "tests_s")
    report.values["tests_failing"] = counts["failing"]
    if counts["failing"]:
        report.unfit = f"{counts['failed']} failed: {', '.join(counts['failing'])}"
    elif not counts["passed"]:
        report.unfit = f"no test was run, {counts['skipped']} were skipped"


def counted(path: Path) -> dict[str, Any]:
    """Return how many tests passed, failed and were skipped, and the names of the failing ones.

    Args:
        path: of what pytest writes with `--junitxml`.
    """
    passed, skipped, failing = 0, 0, []
    for case in ElementTree.parse(path).iter("testcase"):
        outcomes = {child.tag for child in case}
        if outcomes & {"failure", "error"}:
            failing.append(f"{case.get('classname')}.{case.get('name')}")
        elif "skipped" in outcomes:
            skipped += 1
        else:
            passed += 1
    return {"passed": passed, "skipped": skipped, "failed": len(failing), "failing": failing}


def measure_peaks(told: Told, report: Report) -> None:
    """Measure how fast the device multiplies and copies."""
    rounds, size = told.plan.rounds, told.plan.peak_size
    gpu.add_peaks(report, told.device, rounds, size=size)


def time_ways(told: Told, report: Report) -> None:
    """Time the ways to train a task's models."""
    plan, speeds = told.plan, told.speeds

    def on_way(so_far: Report) -> None:
        told.tell(so_far)
        told.say(f"{so_far.figures[-1]['name']}: {so_far.figures[-1]['median']:.3g}")

    found = gpu.measure_task(
        told.settings(),
        TASKS[told.subject],
        told.device,
        (speeds[0], speeds[1]),
        group_sizes=plan.group_sizes,
        n_examples=plan.n_examples,
        turn_s=plan.turn_s,
        compile_options=plan.compile_options,
        on_way=on_way,
    )
    report.join(found)


def choose_paths(told: Told, report: Report) -> None:
    """Find which path the kit takes for each task, and keep that for its pools."""
    for name in told.plan.tasks:
        recipe = TASKS[name].recipe
        data, _ = loops.training_data(TASKS[name], told.data_dir)
        data = TrainingSet(data.images.to(told.device), data.labels.to(told.device), data.n_classes)
        path, timings = measured_path(data, recipe, told.cache_dir)
        times = {f"{each.name} k={each.k}": each.ms_per_model_step for each in timings}
        report.values[f"path_{name}"] = {"name": path.name, "k": path.k, "ms_per_model_step": times}
        told.say(f"{name}: {path.name} k={path.k}")
        told.tell(report)


def score_first(told: Told, report: Report) -> None:
    """Score a method on a small task from nothing, to see whether runs work on the device."""
    plan = told.plan
    told.say(f"sandbox: {said_of_tier('auto', told.options(plan.first_task, 2).torch_device)}")
    score(told, report, plan.first_task, plan.first_method, plan.first_n_models)


def grow_pool(told: Told, report: Report) -> None:
    """Train all models that scores of a task need, and see how good they are."""
    plan, task = told.plan, told.subject
    options = told.options(task, plan.n_models)
    wanted = models_wanted([], options, None)
    growth = Growth(told, report)
    pool, engine = open_pool(options, growth.progress)
    banks = pool.banks(wanted, engine, growth.progress)
    report.values[f"pool_{task}"] = {
        "path": {"name": pool.path.name, "k": pool.path.k},
        "n_models": sum(wanted.values()),
        **{
            f"{role}_{which}_accuracy": mean_and_sd(banks[role].accuracy(which))
            for role in wanted
            for which in ("retain", "test", "forget")
        },
    }
    accuracy, title = 100 * banks["oracle"].accuracy("test"), f"{task}, test accuracy of an oracle"
    report.add(title, "%", accuracy, f"{task}_oracle_test_accuracy_percent")


class Sayer:
    """Shows how far work has come, a line now and then."""

    def __init__(self, told: Told, clock: Callable[[], float] = time.perf_counter) -> None:
        self._told, self._clock = told, clock
        self._said = -math.inf

    def progress(self, what: str, done: int, total: int) -> None:
        """Note that so many are done."""
        now = self._clock()
        if done in (0, total) or now - self._said >= SAID_EVERY_S:
            self._said = now
            self._told.say(f"{what}: {done} of {total}")


class Growth(Sayer):
    """How fast a pool grows after its first models, told as it does."""

    def __init__(
        self, told: Told, report: Report, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(told, clock)
        self._report = report
        self._first: tuple[int, float] | None = None

    def progress(self, what: str, done: int, total: int) -> None:
        """Note that so many are done."""
        super().progress(what, done, total)
        if what != "train" or not done:
            return
        now = self._clock()
        if self._first is None:
            self._first = done, now
            return
        n_models, seconds = done - self._first[0], max(1e-9, now - self._first[1])
        title = f"{self._told.subject}, pool, after its first model"
        self._report.figures = [one for one in self._report.figures if one["name"] != title]
        self._report.add(title, "models/min", 60 * n_models / seconds, "pool_models_per_min")
        self._report.values["pool_models_timed"] = n_models
        self._told.tell(self._report)


def score_method(told: Told, report: Report) -> None:
    """Score a method on the task whose pool was trained."""
    score(told, report, told.plan.task, told.subject, told.plan.n_models)


def score(told: Told, report: Report, task: str, method: str, n_models: int) -> None:
    """Score a method and keep its record; faults of its runs are told, and it has failed."""
    options = told.options(task, n_models)
    (scored,) = pipeline.score([method], options, Sayer(told).progress, anew=told.again)
    record = scored.record
    report.values[f"score_{task}_{method}"] = numbers_of(record)
    told.tell(report)
    path = scored.keep(told.results_dir)
    told.say(f"record: {path}")
    if record.faults:
        report.unfit = f"{record.failure}; {Fault(**record.faults[0]).describe()}"


def numbers_of(record: Record) -> dict[str, Any]:
    """Return what is kept of a record with the figures."""
    measured = {name: finite(record.measured.get(name)) for name in SCORE_FIELDS}
    about = {"task": record.task, "method": record.method, "n_models": record.n_models}
    faults = {"sandbox": record.sandbox, "n_faults": len(record.faults), "failure": record.failure}
    return {**about, **measured, **faults}


def finite(value: Any) -> Any:
    """Return a number, None where it is not finite and so none that JSON has."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def mean_and_sd(values: np.ndarray) -> dict[str, Any]:
    """Return how many values there are, their mean, and their standard deviation where it is."""
    sd = float(values.std(ddof=1)) if len(values) > 1 else None
    return {"n": len(values), "mean": float(values.mean()), "sd": sd}


WORK: dict[str, Callable[[Told, Report], None]] = {
    "tests": run_tests,
    "peaks": measure_peaks,
    "train": time_ways,
    "probe": choose_paths,
    "first": score_first,
    "pool": grow_pool,
    "score": score_method,
}
"""By the kind of a stage."""
