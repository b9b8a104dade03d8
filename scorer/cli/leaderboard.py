"""`leaderboard`: all results, ranked where they are comparable."""

from __future__ import annotations

from pathlib import Path

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


@click.command()
@click.option("--task", help="only this task")
@click.option("--html", type=FILE, help="write a page with sortable tables there, too")
@folder_options
@json_option
def command(
    task: str | None, html: Path | None, results_dir: Path, as_json: bool, **_: Path
) -> None:
    """Rank the newest result of every method; ceiling and floor are pinned.

    Each forget set and scenario of a task has a table of its own. Rows share N, rule, delta, design
    and oracles; a rank such as 2-4 is a tie within noise: of methods that are equally good, any two
    are ranked apart on at most one board of twenty. Methods over the budget, of time or of
    arithmetic, come last. What cannot be compared is listed with the reason, and a file that cannot
    be read is named on stderr.

    \b
    Examples:
      python -m scorer leaderboard
      python -m scorer leaderboard --task digits --html board.html
    """
    from scorer.results.board_names import board_name
    from scorer.results.leaderboard import build_leaderboard
    from scorer.results.record import read_records
    from scorer.results.tables import group_table

    if task is not None:
        task = task_name(task, results_dir)
    results = read_records(results_dir, task)
    board = build_leaderboard(results)
    show_problems(results.problems)
    show_left_out(results)
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
