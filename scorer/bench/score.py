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

from safetensors.torch import save_file

from scorer.bench.base import Bench, Settings
from scorer.bench.report import Report
from scorer.bench.timing import Candidate, alternate
from scorer.engines.base import no_progress, worker_environment
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.pool import Pool
from scorer.pipeline import score
from scorer.runner.load import Submission, find_submission
from scorer.runner.run import N_REFERENCES
from scorer.settings import PROJECT_ROOT
from scorer.tasks.snapshot import save_snapshot

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
    submission = find_submission(METHOD)
    options = Options(
        task=task_name,
        n_models=n_models,
        workers=n_workers,
        device="cpu",
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
    )
    pool, engine = open_pool(options, settings.progress)
    pool.banks({"original": 1, "oracle": n_models, "control": n_models}, engine)
    stages: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        fresh = _FreshRuns(pool, submission, scratch / "fresh", n_workers)

        def warm(_: int) -> None:
            for stage, seconds in _score_once(submission, options).items():
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


def _score_once(submission: Submission, options: Options) -> dict[str, float]:
    """Score the submission as if it had never been run, and return seconds by stage."""
    times = [time.perf_counter()]
    with tempfile.TemporaryDirectory() as name:
        (scored,) = score(
            [submission],
            options,
            no_progress,
            runs_dir=Path(name),
            on_stage=lambda stage: times.append(time.perf_counter()),
        )
    record = scored.record
    if record.elapsed_s is None or record.retraining_s is None:
        raise ScorerError(f"runs of {submission.name} failed: {record.faults}")
    seconds = [end - start for start, end in pairwise(times)]
    within = {"run": record.elapsed_s, "retraining": record.retraining_s}
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
