"""`verify`: does a record hold?"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import click

from scorer.cli._common import (
    FOLDERS,
    json_option,
    options,
    progress_bar,
    show,
    show_json,
    task_name,
)


@click.command()
@click.argument("result")
@options("task", "device", "workers", "engine", "sandbox", *FOLDERS)
@click.option(
    "--again",
    default=2,
    show_default=True,
    help="oracles, and runs, to make again; 0 looks at the files alone",
)
@json_option
def command(result: str, again: int, as_json: bool, **values: Any) -> None:
    """Verify RESULT: a method, whose newest record it is then, the id of a record, or its file.

    The arrays beside the record are scored again. Some oracles and runs, drawn anew each time, are
    made again by the record's secrets; on a CPU of the same kind their bytes have to agree, else
    their law. And the runs must not be surer of hard test images than models that never saw them.
    Exit code 1: something does not hold; 3: the submission was trained on test images.

    \b
    Examples:
      python -m scorer verify adversarial
      python -m scorer verify results/digits/adversarial/ID.json --again 8
    """
    from scorer.options import Options
    from scorer.results.check import FAILS
    from scorer.results.find import find_record
    from scorer.results.tables import checks_table
    from scorer.verify.make import verify

    chosen = Options(**values)
    record, file = find_record(
        result, task_name(chosen.task, chosen.results_dir), chosen.results_dir
    )
    chosen = replace(chosen, task=task_of_record(record.task, chosen.task))
    with progress_bar() as progress:
        checks = verify(record, file, chosen, again, progress)
    failed = [check for check in checks if check.verdict == FAILS]
    if as_json:
        about = {"method": record.method, "run_id": record.run_id, **record.identity}
        show_json({**about, "holds": not failed, "checks": [asdict(check) for check in checks]})
    else:
        show(checks_table(record, checks))
    if failed:
        raise SystemExit(3 if all(check.is_fault for check in failed) else 1)


def task_of_record(name: str, typed: str) -> str:
    """Return what the task of a record is called here: own images have a path, not a name.

    Raises:
        UsageError: it is no task of this kit, nor the one that was typed.
    """
    from scorer.errors import UsageError
    from scorer.tasks import TASKS

    if typed in TASKS and TASKS[typed].name == name:
        return typed
    if name in TASKS:
        return name
    raise UsageError(f"the record is of task {name}; name the folder of its images by --task")
