"""`check`: seconds to know that a file is a submission."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

from scorer.cli._common import folder_options, json_option, progress_bar, show_json

N_RUNS = 2


@click.command()
@click.argument("method", required=False)
@click.option("--task", default="digits", help="see `ls tasks`", show_default=True)
@click.option("--device", default="auto", help="auto, cpu or cuda", show_default=True)
@folder_options
@json_option
def command(method: str | None, as_json: bool, **options: Any) -> None:
    """Try METHOD on real data: imports, signature, two runs, return value, finite weights.

    Nothing is scored and no oracle is trained. Exit code 3: the file is at fault.

    \b
    Examples:
      python -m scorer check finetune
      python -m scorer check path/to/mine.py
    """
    from scorer.pipeline import Options, open_pool
    from scorer.runner.load import find_submission
    from scorer.runner.run import RunPlan, run_submission

    submission = find_submission(method)
    settings = Options(n_models=N_RUNS, workers=1, **options)
    with progress_bar() as progress:
        pool, engine = open_pool(settings, progress)
        banks = pool.banks({"original": 1}, engine, progress)
        timeout_s = pool.task.definition.timeout_s
        plan = RunPlan(N_RUNS, settings.design, settings.sandbox, timeout_s)
        runs = run_submission(submission, pool, plan, engine, progress)
    facts: dict[str, Any] = {
        "method": submission.name,
        "path": submission.shown_path,
        "ok": runs.bank is not None,
        "faults": [fault.as_dict() for fault in runs.faults],
        "notes": [],
    }
    if runs.bank is not None:
        outputs, before = runs.bank.confidence(), banks["original"].confidence()[0]
        ratio = float(runs.elapsed_s.mean() / runs.reference_s.mean())
        facts["time_ratio"] = ratio
        facts["test_accuracy"] = float(runs.bank.accuracy("test").mean())
        facts["original_test_accuracy"] = float(banks["original"].accuracy("test")[0])
        if np.array_equal(outputs[0], outputs[1]):
            facts["notes"].append(
                "two seeds gave the same outputs: without spread over runs every example scores 0"
            )
        if np.array_equal(outputs[0], before):
            facts["notes"].append("the outputs are those of the original: nothing was unlearned")
        if ratio > settings.budget:
            facts["notes"].append(
                f"a run took {ratio:.2f} of a retraining, over the budget of {settings.budget:g}"
            )
    if as_json:
        show_json(facts)
    elif facts["ok"]:
        click.echo(
            f"{submission.shown_path}: fit to be scored. Imports, signature, {N_RUNS} runs and"
            f" weights are in order; test accuracy {facts['test_accuracy']:.3f} (original"
            f" {facts['original_test_accuracy']:.3f}), {facts['time_ratio']:.2f} of the time of a"
            " retraining"
        )
        for note in facts["notes"]:
            click.echo(f"note: {note}")
    if not facts["ok"]:
        click.echo(f"{submission.shown_path} is at fault", err=True)
        click.echo(runs.faults[0].describe(), err=True)
        raise SystemExit(3)
