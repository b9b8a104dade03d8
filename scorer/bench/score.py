"""Where the time of one `score` goes when the pool is warm, against a fresh process a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.numpy import save_file

from scorer.bench.base import Bench, Settings
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, alternate
from scorer.engines import Engine, make_engine
from scorer.engines.base import worker_environment
from scorer.errors import ScorerError
from scorer.measures import Evidence
from scorer.measures import measure as measure_models
from scorer.metric.rules import make_rule
from scorer.oracles.pool import Pool
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import N_REFERENCES, RunPlan, run_submission
from scorer.settings import PROJECT_ROOT
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import save_snapshot
from scorer.training.paths import choose_path

N_MODELS = 64
N_WORKERS = 2
METHOD = "finetune"
TASK = "digits"
STAGES = {
    "load_task": "load the task",
    "banks": "read and verify the oracles",
    "runs": "the runs",
    "metric": "the metric with its errors and tests",
}
WITHIN = {"run": "one run, in unlearning() alone", "retraining": "one timed retraining"}


def measure(
    settings: Settings,
    *,
    task_name: str = TASK,
    n_models: int = N_MODELS,
    n_workers: int = N_WORKERS,
) -> Report:
    """Time the stages of a score, in turns with runs in interpreters of their own.

    Args:
        settings: the pool in its cache directory is grown first where it has to be.
        task_name: of the task.
        n_models: N.
        n_workers: processes, on both sides.
    """
    engine = make_engine("local", n_workers)
    submission = find_submission(METHOD)
    pool = _open_pool(task_name, settings, engine)
    wanted = {"original": 1, "oracle": n_models, "control": n_models}
    pool.banks(wanted, engine)
    stages: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        fresh = _FreshRuns(pool, submission, scratch / "fresh", n_workers)

        def warm(_: int) -> None:
            for stage, seconds in _score_once(
                settings, task_name, submission, engine, n_models
            ).items():
                stages[stage].append(seconds)

        turns = alternate(
            [Candidate("warm", warm, n_models), Candidate("fresh", fresh.run, n_workers)],
            settings.rounds,
            turn_s=0.0,
            on_round=lambda done: settings.progress("bench", done, settings.rounds),
        )
    report = Report("score", BENCH.command("", settings.rounds))
    report.values |= {"task": task_name, "n_models": n_models, "n_workers": n_workers}
    both = {**STAGES, **WITHIN}
    measured = {stage: stages[stage][-settings.rounds :] for stage in both}
    for stage, what in both.items():
        report.add(what, "s", measured[stage], f"{stage}_s")
    report.add("all of it", "s", list(turns[0].seconds), "total_s")
    extrapolated = [cost * n_models for cost in turns[1].costs]
    report.add(f"{n_models} runs in fresh interpreters", "s", extrapolated, "fresh_runs_s")
    ratios = [slow / quick for slow, quick in zip(extrapolated, measured["runs"], strict=True)]
    report.add(
        "the runs over fresh interpreters", "times faster", ratios, "ratio_vs_fresh_processes"
    )
    report.notes += [
        f"{METHOD} on {task_name}, N={n_models}, {n_workers} worker processes, the oracles trained"
        " before",
        f"the runs include starting the workers, {N_REFERENCES} timed retrainings, checking and"
        " evaluating what comes back, and writing it",
        f"fresh interpreters: {n_workers} runs at a time are timed, each with its own import of"
        f" torch, without sandbox, checks or retrainings, and extrapolated to {n_models}",
    ]
    return report


def _open_pool(task_name: str, settings: Settings, engine: Engine) -> Pool:
    """Return the pool of a task on the CPU."""
    task = load_task(
        task_name,
        split_seed=0,
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
        engine=engine,
        device="cpu",
        progress=settings.progress,
    )
    data = task.training_set("retain", torch.device("cpu"))
    path = choose_path(data, task.definition.recipe, settings.cache_dir)
    return Pool(task, path, "cpu", settings.cache_dir)


def _score_once(
    settings: Settings, task_name: str, submission: Submission, engine: Engine, n_models: int
) -> dict[str, float]:
    """Score the submission as if it had never been run, and return seconds by stage."""
    wanted = {"original": 1, "oracle": n_models, "control": n_models}
    with tempfile.TemporaryDirectory() as name:
        times = [time.perf_counter()]
        opened = _open_pool(task_name, settings, engine)
        times.append(time.perf_counter())
        banks = opened.banks(wanted, engine)
        times.append(time.perf_counter())
        # Runs are kept beside the oracles and not made again; so these go elsewhere.
        pool = Pool(opened.task, opened.path, "cpu", Path(name))
        pool.root.mkdir(parents=True)
        (pool.root / "original").symlink_to(opened.store("original").root.resolve())
        plan = RunPlan(n_models, "reuse-1", "process", opened.task.definition.timeout_s)
        runs = run_submission(submission, pool, plan, engine)
        times.append(time.perf_counter())
        if runs.bank is None:
            raise ScorerError(f"runs of {submission.name} failed: {runs.faults[0].describe()}")
        floor = banks["original"].repeated(n_models)
        evidence = Evidence(
            banks={**banks, "unlearned": runs.bank, "floor": floor},
            stratum=opened.task.split.forget_stratum,
            rule=make_rule("competition"),
            budget=1.0,
        )
        measure_models(evidence)
        times.append(time.perf_counter())
    seconds = [end - start for start, end in pairwise(times)]
    within = {"run": float(runs.elapsed_s.mean()), "retraining": float(runs.reference_s.mean())}
    return {**dict(zip(STAGES, seconds, strict=True)), **within}


class _FreshRuns:
    """Runs of a submission, each in a new interpreter, some at a time."""

    def __init__(self, pool: Pool, submission: Submission, folder: Path, at_once: int) -> None:
        folder.mkdir()
        snapshot = save_snapshot(pool.task, pool.cache_dir / "v1" / "tasks")
        save_file(pool.original_weights(0), folder / "original.safetensors")
        (folder / "submission.py").write_bytes(submission.source)
        self._folder, self._at_once, self._n_runs = folder, at_once, 0
        self._spec: dict[str, Any] = {
            "snapshot": str(snapshot),
            "weights": str(folder / "original.safetensors"),
            "submission": str(folder / "submission.py"),
        }

    def run(self, n_units: int) -> None:
        """Start as many as run at once, wait for all; `n_units` times."""
        for _ in range(n_units):
            processes = [self._start() for _ in range(self._at_once)]
            codes = [process.wait() for process in processes]
            if any(codes):
                raise ScorerError(f"runs in fresh interpreters ended with codes {codes}")

    def _start(self) -> subprocess.Popen[bytes]:
        """Start one run under a seed of its own."""
        self._n_runs += 1
        out = str(self._folder / f"{self._n_runs}.npz")
        spec = {**self._spec, "seed": self._n_runs, "out": out}
        return subprocess.Popen(
            [sys.executable, "-m", "scorer.bench.fresh", json.dumps(spec)],
            cwd=PROJECT_ROOT,
            env=worker_environment(os.environ),
        )


BENCH = Bench("score", "stages of a score with a warm pool, against a fresh process a run", measure)
