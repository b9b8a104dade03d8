"""`compare`: whether one method is better than another, or luckier."""

from __future__ import annotations

from pathlib import Path

import click

from scorer.cli._common import (
    FILE,
    folder_options,
    forget_name,
    json_option,
    options,
    say,
    show_json,
    show_left_out,
    show_problems,
    task_name,
)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--task", default="digits", help="see `ls tasks`", show_default=True)
@options("forget")
@click.option(
    "--split-seed", type=click.IntRange(min=0), help="of the scores; default: the newest of both"
)
@click.option("--html", type=FILE, help="write a page with figures there, too")
@folder_options
@json_option
def command(
    first: str,
    second: str,
    task: str,
    forget: str,
    split_seed: int | None,
    html: Path | None,
    results_dir: Path,
    as_json: bool,
    **_: Path,
) -> None:
    """Compare the forgetting quality of two scored methods on the oracles that they share.

    Runs and oracles are left out for both at once. One p-value is for equal F: the difference by
    its error. The other is for one law of models: run i of both methods, which has the same
    original, is exchanged. Methods with one F may be of different laws. Where both were scored
    under one --secret or --runs-secret, run i has the same seed too; neither answer rests on that.

    \b
    Examples:
      python -m scorer compare adversarial finetune
      python -m scorer compare adversarial finetune --task digits --html both.html
    """
    from scorer.errors import UsageError
    from scorer.options import OWN_FORGET_SET
    from scorer.results.compare import QUESTIONS, compare
    from scorer.results.record import read_records
    from scorer.results.tables import number, p_equation

    task = task_name(task, results_dir)
    results = read_records(results_dir, task)
    show_problems(results.problems)
    show_left_out(results)
    forget = forget_name(forget, {record.forget for record in results})
    chosen = [record for record in results if record.forget == forget]
    if not chosen and results.records:
        there = sorted({record.forget for record in results})
        raise UsageError(
            f"{task} must have results with --forget {forget} to be compared, got some with"
            f" {' and '.join(there)}"
        )
    if split_seed is not None:
        splits = sorted({str(record.split_seed) for record in chosen})
        chosen = [record for record in chosen if record.split_seed == split_seed]
        if splits and not chosen:
            raise UsageError(
                f"{task} must have results with --split-seed {split_seed} to be compared, got some"
                f" with {' and '.join(splits)}"
            )
    found = compare(chosen, first, second, results_dir)
    show_problems(found.problems)
    if html is not None:
        from scorer.reports.comparison import comparison_page
        from scorer.reports.page import write_page

        others = f"--task {task}" + ("" if forget == OWN_FORGET_SET else f" --forget {forget}")
        others += "" if split_seed is None else f" --split-seed {split_seed}"
        made_by = f"python -m scorer compare {first} {second} {others} --html FILE"
        write_page(html, comparison_page(found, results_dir, made_by))
        say(f"comparison: {html}", err=True)
    if as_json:
        problems = [problem.as_dict() for problem in (*results.problems, *found.problems)]
        show_json({**found.as_dict(), "problems": problems})
        return
    one, other, paired = found.first, found.second, found.paired
    say(
        f"{one.board}: N={one.n_models}, rule {one.rule}, delta {one.delta:g},"
        f" design {one.design}\n"
        f"F({first}) = {number(one.forgetting_quality, 4)},"
        f" F({second}) = {number(other.forgetting_quality, 4)}"
        f" (ceiling {number(one.ceiling, 4)})\n"
        f"difference {paired.difference:+.4f} ± {paired.standard_error:.4f}"
    )
    for name, question in QUESTIONS.items():
        say(f"{question} {p_equation(getattr(paired, name))}")
