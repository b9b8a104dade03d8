"""The whole of `bench gpu --all`: from a plan to one report, in one call or in several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from scorer.bench.base import Report, Settings
from scorer.bench.gpu import needs_cuda, speeds_of
from scorer.bench.gpu_stages.apart import run_apart
from scorer.bench.gpu_stages.plan import Plan, Stage
from scorer.bench.gpu_stages.report import report_of
from scorer.bench.gpu_stages.runner import Outcome, run_stages
from scorer.bench.gpu_stages.state import Entry, State, key_of
from scorer.training.paths import device_slug

FUNCTION = "scorer.bench.gpu_stages.work:run_stage"

Call = Callable[[str, dict[str, Any], float, Callable[[str], None]], Outcome]


def measure_everything(
    settings: Settings,
    results_dir: Path,
    limit_s: float,
    say: Callable[[str], None],
    *,
    plan: Plan,
    on_report: Callable[[Report], None] = lambda _: None,
    call: Call = run_apart,
) -> Report:
    """Do the stages that are not done yet, as far as the limit lets it, and report on all.

    What came of each is kept in the cache as soon as it is known.

    Args:
        settings: where data and cache lie.
        results_dir: where the records of scores go.
        limit_s: of this call.
        say: shows a line.
        plan: what is measured.
        on_report: called with the report so far whenever a stage has ended.
        call: does a stage, as `run_apart` does.

    Raises:
        ScorerError: the plan's device is not there.
    """
    if plan.device == "cuda":
        needs_cuda()
    device = device_slug(torch.device(plan.device))
    state = State(settings.cache_dir / "bench", key_of(device, torch.__version__, asdict(plan)))
    folders = {
        "data_dir": str(settings.data_dir),
        "cache_dir": str(settings.cache_dir),
        "results_dir": str(results_dir),
    }

    def make(stage: Stage, before: Entry, for_s: float) -> Outcome:
        """Do one stage."""
        told = {
            "kind": stage.kind,
            "subject": stage.subject,
            "plan": asdict(plan),
            "again": before.status == "failed",
            "speeds": speeds_of(state["peaks"].found.values) if stage.after == ("peaks",) else (),
            **folders,
        }
        return call(FUNCTION, told, for_s, say)

    stages = plan.stages()
    report = partial(report_of, plan, stages, state, device)
    run_stages(stages, state, make, limit_s, say=say, on_kept=lambda: on_report(report()))
    return report()
