"""Where the time of one `score` goes when the pool is warm, against a fresh process a run."""

from __future__ import annotations

import runpy
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scorer import pipeline
from scorer.bench._timing import Candidate, Clock, alternate
from scorer.bench.base import Bench, Report, Settings
from scorer.engines import Engine, make_engine
from scorer.engines.base import Emit, Spec, no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.oracles.open import open_pool
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.runner.child.contract import make_loader, seed_everything
from scorer.runner.load import find_submission
from scorer.training.models import build_model

N_WORKERS = 2
METHOD = "finetune"

FIGURES = {
    "prepare_s": "load the task, read and verify the oracles",
    "runs_s": "the runs",
    "metric_s": "the metric with its errors and tests",
    "run_s": "one run, in unlearning() alone",
    "retraining_s": "one timed retraining",
}


def measure(
    settings: Settings,
    *,
    task: str = "digits",
    n_models: int = 64,
    n_workers: int = N_WORKERS,
    score: Callable[..., Sequence[pipeline.Scored]] = pipeline.score,
    engine: Engine | None = None,
    clock: Clock = time.perf_counter,
) -> Report:
    """Time the stages of a score, in turns with runs in interpreters of their own.

    All is kept in a folder that is thrown away: the score that warms up trains the oracles there.

    Args:
        settings: how many rounds, and where data lie.
        task: scored on.
        n_models: N.
        n_workers: processes, on both sides.
        score: the way from a method to a record, called as `scorer.pipeline.score` is.
        engine: starts fresh interpreters; None for the local one.
        clock: of the wall.
    """
    engine, seeds = engine or make_engine("local", n_workers), count()
    stages: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        spec = {"folder": folder, "data_dir": str(settings.data_dir), "task": task}
        options = _options(spec, n_models=n_models, workers=n_workers)

        def warm(_: int) -> None:
            # What ran before is not run again, so each score keeps its runs in a folder of its own.
            runs_dir, ended = Path(folder, f"runs-{len(stages)}"), {"start": clock()}
            note: dict[str, Any] = {
                "runs_dir": runs_dir,
                "on_stage": lambda at: ended.setdefault(at, clock()),
            }
            (scored,) = score([METHOD], options, no_progress, **note)
            stages.append(_seconds(scored.record, ended))

        def fresh(n_units: int) -> None:
            for _ in range(n_units):
                specs = [{**spec, "seed": seed} for seed in islice(seeds, n_workers)]
                engine.run("scorer.bench.score:fresh_run", specs, lambda _: None)

        candidates = {"warm": Candidate(warm), "fresh": Candidate(fresh, n_workers)}
        turns = alternate(candidates, settings.rounds, clock=clock, on_round=settings.on_round)
    report = BENCH.report(settings)
    report.values |= {"task": task, "n_models": n_models, "n_workers": n_workers}
    # The first score warmed up.
    seconds = {key: np.array([each[key] for each in stages[1:]]) for key in FIGURES}
    for key, what in FIGURES.items():
        report.add(what, "s", seconds[key], key)
    report.add("all of it", "s", turns["warm"].seconds, "total_s")
    fresh_s = n_models / turns["fresh"].rates
    report.add(f"{n_models} runs in fresh interpreters", "s", fresh_s, "fresh_runs_s")
    faster, title = fresh_s / seconds["runs_s"], "the runs over fresh interpreters"
    report.add(title, "times faster", faster, "ratio_vs_fresh_processes")
    report.notes += [
        f"{METHOD} on {task}, N={n_models}, {n_workers} worker processes, the oracles trained"
        " before",
        "the runs include starting the workers, the timed retrainings, checking and evaluating"
        " what comes back, and writing it",
        f"fresh interpreters: {n_workers} runs at a time are timed, each with its own import of"
        f" torch, without sandbox, checks or retrainings, and extrapolated to {n_models}",
    ]
    return report


def _options(spec: Spec, **changes: Any) -> Options:
    """Return the options of a score whose files all lie in one folder."""
    folders: dict[str, Any] = {
        "cache_dir": Path(spec["folder"]),
        "data_dir": Path(spec["data_dir"]),
    }
    return Options(task=spec["task"], device="cpu", **folders, **changes)


def _seconds(record: Any, ended: dict[str, float]) -> dict[str, float]:
    """Return the seconds of `FIGURES` from when each stage of a score ended.

    Raises:
        ScorerError: a run failed.
    """
    if record.faults or record.elapsed_s is None or record.retraining_s is None:
        raise ScorerError(f"runs of {METHOD} failed: {record.faults}")
    stages = np.diff([ended[stage] for stage in ("start", "train", "run", "measure")])
    return dict(zip(FIGURES, [*stages, record.elapsed_s, record.retraining_s], strict=True))


def fresh_run(spec: Spec, emit: Emit) -> None:
    """Do what a script that makes one run amounts to: read, unlearn, evaluate, write.

    Args:
        spec: `folder`, `data_dir`, `task` and `seed`.
        emit: not called.
    """
    pool, _ = open_pool(_options(spec), no_progress)
    task = pool.task
    architecture = task.definition.recipe.architecture
    net = build_model(architecture, task.n_channels, task.n_classes, seed=0)
    net.load_state_dict(pool.original_weights(0))
    unlearning = runpy.run_path(str(find_submission(METHOD).path))["unlearning"]
    seed_everything(spec["seed"])
    loaders = [make_loader(task.images(s), task.labels(s)) for s in ("retain", "forget", "val")]
    returned = unlearning(net.eval(), *loaders)
    net = net if returned is None else returned
    outputs = evaluate(net.eval(), EvaluationData.of(task, torch.device("cpu")))
    np.savez(Path(spec["folder"], f"run-{spec['seed']}.npz"), **outputs)  # type: ignore[arg-type]


BENCH = Bench("score", "stages of a score with a warm pool, against a fresh process a run", measure)
