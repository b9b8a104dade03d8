"""`leaderboard`: all results, ranked where they are comparable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scorer.cli._common import (
    FILE,
    folder_options,
    json_option,
    say,
    show,
    show_json,
    show_left_out,
    show_problems,
    task_name,
)

if TYPE_CHECKING:
    from scorer.results.frozen import FrozenBoard
    from scorer.results.record import Record


@click.command()
@click.option("--task", help="only this task")
@click.option("--html", type=FILE, help="write a page with sortable tables there, too")
@click.option("--freeze", metavar="NAME", help="keep the board as it is now under a name")
@click.option("--frozen", metavar="NAME[@VERSION]", help="show one that was kept, from its file")
@folder_options
@json_option
def command(
    task: str | None,
    html: Path | None,
    freeze: str | None,
    frozen: str | None,
    results_dir: Path,
    as_json: bool,
    **_: Path,
) -> None:
    """Rank the newest result of every method; ceiling and floor are pinned.

    Each forget set and scenario of a task has a table of its own. Rows share N, rule, delta, design
    and oracles; a rank such as 2-4 is a tie within noise: of methods that are equally good, any two
    are ranked apart on at most one board of twenty. Methods over the budget, of time or of
    arithmetic, come last. What cannot be compared is listed with the reason, and a file that cannot
    be read is named on stderr.

    A frozen board has its version, kit, kind of machine, bank of oracles and what each method says
    that it was tuned on. It is never computed again; what changed since is marked.

    \b
    Examples:
      python -m scorer leaderboard
      python -m scorer leaderboard --task digits --html board.html
      python -m scorer leaderboard --freeze digits-2026
      python -m scorer leaderboard --frozen digits-2026
    """
    from scorer.errors import UsageError
    from scorer.results.board_names import board_name
    from scorer.results.leaderboard import build_leaderboard
    from scorer.results.record import read_records
    from scorer.results.tables import group_table

    if frozen is not None and (freeze is not None or task is not None):
        raise UsageError("--frozen shows a board as it was: it takes no --freeze and no --task")
    if html is not None and (frozen is not None or freeze is not None):
        raise UsageError("--html is a page of the board as it is: leave --freeze and --frozen out")
    if task is not None:
        task = task_name(task, results_dir)
    results = read_records(results_dir, task)
    board = build_leaderboard(results)
    show_problems(results.problems)
    show_left_out(results)
    if frozen is not None or freeze is not None:
        from scorer.results import frozen as boards

        if freeze is not None:
            tuned = {one.run_id: _tuned(one, results_dir) for one in results.records}
            kept = boards.freeze(board, results.records, tuned, freeze, results_dir)
        else:
            kept = boards.read_frozen(str(frozen), results_dir)
        _show_frozen(kept, results.records, as_json)
        return
    if html is not None:
        from scorer.reports.boards import board_page
        from scorer.reports.page import write_page

        made_by = f"python -m scorer leaderboard{f' --task {task}' if task else ''} --html FILE"
        found = results.records, results.problems, results_dir, html, made_by
        write_page(html, board_page(board, *found))
        say(f"board: {html}", err=True)
    if as_json:
        problems = [problem.as_dict() for problem in results.problems]
        show_json({**board.as_dict(), "problems": problems})
        return
    if not board.groups and not board.not_comparable:
        of_task, chosen = (f" of {task}", f" TASK={task}") if task else ("", "")
        say(f"no results{of_task} in {results_dir}; run `make score METHOD=finetune{chosen}` first")
        return
    show(*(group_table(group) for group in board.groups))
    if board.not_comparable:
        say("not ranked:")
        for one in board.not_comparable:
            say(f"  {one['method']} on {board_name(one)}: {one['reason']}")


def _show_frozen(board: FrozenBoard, records: Sequence[Record], as_json: bool) -> None:
    """Show a frozen board, and what is other by now."""
    from scorer.results.frozen import changes

    present = {row["run_id"]: _digest(row["method_path"]) for row in board.rows}
    marks = changes(board, present, records)
    if as_json:
        show_json({**board.values, "changed_since": marks})
    else:
        say(board.text(marks))


def _tuned(record: Record, results_dir: Path) -> str:
    """Return what a submission says that it was tuned on, in the copy that lies by its record."""
    from scorer.results.record import arrays_path
    from scorer.runner.load import describe

    source = arrays_path(record, results_dir).with_suffix(".py")
    if record.is_reference or not source.is_file():
        return ""
    labels = describe(source).labels
    return labels.get("Tuned on") or labels.get("Tuned") or ""


def _digest(method_path: str | None) -> str | None:
    """Return the digest of the submission at a path as it is now, None where it is gone."""
    from scorer.errors import UsageError
    from scorer.runner.load import Submission
    from scorer.settings import PROJECT_ROOT

    try:
        return Submission.read(PROJECT_ROOT / (method_path or "")).sha256
    except UsageError:
        return None
