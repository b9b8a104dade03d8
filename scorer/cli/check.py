"""`check`: seconds to know that a file is a submission."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from scorer.cli._common import (
    FOLDERS,
    function_option,
    json_option,
    options,
    progress_bar,
    say,
    show_adapted,
    show_json,
    show_tier,
)

if TYPE_CHECKING:
    from scorer.pipeline import Scored
    from scorer.runner.faults import Fault
    from scorer.runner.load import Submission

N_RUNS = 2
MEASURES = ("utility", "time", "compute", "budget")


@click.command()
@click.argument("method", required=False)
@options("task", "forget", "scenario", "device", "sandbox", *FOLDERS)
@function_option
@json_option
def command(method: str | None, function: str, as_json: bool, **values: Any) -> None:
    """Try METHOD on real data: imports, signature, two runs, return value, finite weights.

    Nothing is scored and no oracle is trained. Exit code 3: the file is at fault.

    \b
    Examples:
      python -m scorer check finetune
      python -m scorer check path/to/mine.ipynb --function unlearning_2
    """
    from scorer.files import ensure_writable
    from scorer.options import Options
    from scorer.pipeline import score
    from scorer.runner.faults import Fault
    from scorer.runner.load import find_submission

    submission = find_submission(method, function)
    chosen = Options(n_models=N_RUNS, workers=1, **values)
    notes_on_text = submission.code.notes
    show_adapted(notes_on_text)
    if submission.refusal is not None:  # no run of it can end well, so nothing is trained for it
        facts = refused(submission, submission.refusal)
    else:
        show_tier(chosen)
        ensure_writable(chosen.cache_dir)
        with progress_bar() as progress:
            (scored,) = score([submission], chosen, progress, MEASURES)
        facts = describe(scored)
    show_adapted(facts["adapted"][len(notes_on_text) :])
    if as_json:
        show_json(facts)
    elif facts["ok"]:
        say(
            f"{facts['path']}: fit to be scored. Imports, signature, {N_RUNS} runs and"
            f" weights are in order; test accuracy {facts['test_accuracy']:.3f} (original"
            f" {facts['original_test_accuracy']:.3f}), {facts['time_ratio']:.2f} of the time and"
            f" {facts['compute_ratio']:.2f} of the arithmetic of a retraining"
        )
        for note in facts["notes"]:
            say(f"note: {note}")
    if not facts["ok"]:
        fault = Fault(**facts["faults"][0])
        say(f"{facts['path']} is at fault\n{fault.describe()}", err=True)
        raise SystemExit(3)


def refused(submission: Submission, fault: Fault) -> dict[str, Any]:
    """Return the JSON values of the command for a file whose text shows a fault."""
    return {
        "method": submission.name,
        "path": submission.shown_path,
        "ok": False,
        "faults": [asdict(fault)],
        "adapted": list(submission.code.notes),
        "notes": [],
    }


def describe(scored: Scored) -> dict[str, Any]:
    """Return the JSON values of the command for a file that was run."""
    record = scored.record
    facts: dict[str, Any] = {
        "method": record.method,
        "path": record.method_path,
        "ok": not record.faults,
        "faults": record.faults,
        "adapted": record.adapted,
        "notes": [],
    }
    if facts["ok"]:
        facts["time_ratio"] = record.time_ratio
        facts["compute_ratio"] = record.compute_ratio
        facts["budget_verdict"] = record.budget_verdict
        facts["test_accuracy"] = record.accuracy["test"]
        facts["original_test_accuracy"] = record.original_accuracy["test"]
        facts["notes"] = notes(scored)
    return facts


def notes(scored: Scored) -> list[str]:
    """Return what is not wrong but will not score well."""
    one, other = scored.banks["unlearned"].confidence()
    record, found = scored.record, []
    if np.array_equal(one, other):
        found.append(
            "two seeds gave the same outputs: without spread over runs every example scores 0"
        )
    if np.array_equal(one, scored.banks["floor"].confidence()[0]):
        found.append("the outputs are those of the original: nothing was unlearned")
    if record.within_budget is False:
        took = f"{record.time_ratio:.2f} of a retraining, its arithmetic {record.compute_ratio:.2f}"
        found.append(f"a run took {took}; budget {record.budget:g}: {record.budget_verdict}")
    return found
