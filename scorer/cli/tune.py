"""`tune`: find methods' constants on private splits."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from scorer.cli._common import FOLDERS, json_option, options, progress_bar, say, show, show_json

if TYPE_CHECKING:
    from scorer.tuning.log import TuningLog

TOGETHER = 8
"""Methods that go through the rounds at once: few enough that what is found is soon kept."""


@click.command()
@click.argument("methods", metavar="[METHOD]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="every baseline that reads tuned constants")
@options("task", "forget", "device", "workers", *FOLDERS)
@click.option("--constants", default="", help="names, comma-separated; default: see below")
@click.option("--save", is_flag=True, help="keep the trials in baselines/tuning too")
@click.option("--apply", is_flag=True, help="write the best values, where they gain, into the file")
@json_option
def command(
    methods: tuple[str, ...],
    every: bool,
    constants: str,
    save: bool,
    apply: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Try METHODs with other constants on private splits, never on the public split 0.

    Every method gets the same number of trials and runs: all trials few runs, the best of them
    more, and the file as it is goes through all rounds. Trials over the budget are dropped. Tuned
    are the constants that a file reads through `for_family`; where it reads none so, the numbers
    with RATE in their names, or all with a decimal point where there are none such. Every round
    is logged: what was interrupted goes on, what is finished is shown.

    \b
    Examples:
      python -m scorer tune finetune
      python -m scorer tune --all --task fashion_mnist --save --apply
    """
    from scorer.errors import UsageError
    from scorer.options import OWN_FORGET_SET, Options
    from scorer.runner.load import find_submission
    from scorer.tuning.apply import apply_best, check_can_apply
    from scorer.tuning.constants import tuned_baselines
    from scorer.tuning.log import keep_log, log_path
    from scorer.tuning.trials import tune

    if save and values["forget"] != OWN_FORGET_SET:
        raise UsageError(
            "--save keeps trials on the task's own forget set, got --forget"
            f" {values['forget']}; leave one of them out"
        )
    if every and methods:
        raise UsageError(f"--all takes no METHOD, got {' '.join(methods)}; leave one of them out")
    chosen = Options(**values)
    names = [name.strip() for name in constants.split(",") if name.strip()]
    if every:
        found = tuned_baselines()
    else:
        found = [find_submission(method) for method in methods or (None,)]
    for submission in found if apply else ():
        check_can_apply(submission)
    logs: list[TuningLog] = []
    for first in range(0, len(found), TOGETHER):
        together = found[first : first + TOGETHER]
        with progress_bar() as progress:
            logs += tune(together, names, chosen, progress)
        for submission, log in zip(together, logs[first:], strict=True):
            if save:
                say(f"wrote {keep_log(log)}", err=True)
            if apply and apply_best(submission, log):
                say(f"wrote {submission.path}", err=True)
            if not as_json:
                show_log(log)
                say(f"log: {log_path(chosen, log.method)}\n")
    if as_json:
        show_json({"task": chosen.task, "methods": [asdict(log) for log in logs]})


def show_log(log: Any) -> None:
    """Print the last round of a method, the best trial first, and what it says."""
    from rich.table import Table

    from scorer.results.tables import number
    from scorer.tuning.constants import shown
    from scorer.tuning.verdict import verdict

    said = verdict(log)
    names = list(said.values)
    scores = ("relative score", "time / retrain", "compute / retrain", "")
    table = Table("trial", *names, *scores, title=f"{log.method} on {log.task}, best first")
    for row in log.ranking:
        relative = number(row["relative_score"])
        if row["relative_score_se"] is not None:
            relative += f" ± {row['relative_score_se']:.3f}"
        tried = [shown(log.trials[row["trial"]][name]) for name in names]
        ratios = [number(row[name], 2) for name in ("time_ratio", "compute_ratio")]
        note = ", ".join(row["faults"]) or ("" if row["within_budget"] else "over budget")
        table.add_row(str(row["trial"]), *tried, relative, *ratios, note)
    show(table)
    say(said.warning or ("the best trial gains" if said.gains else "nothing is gained"))
    say(f"trial 0 is the file as it is; of {len(log.trials)} trials")
