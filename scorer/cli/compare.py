"""`compare`: whether one method is better than another, or luckier."""

from __future__ import annotations

from pathlib import Path

import click

from scorer.cli._common import (
    folder_options,
    json_option,
    say,
    show_json,
    show_problems,
    task_name,
)


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--task", default="digits", help="see `ls tasks`", show_default=True)
@folder_options
@json_option
def command(
    first: str, second: str, task: str, results_dir: Path, as_json: bool, **_: Path
) -> None:
    """Compare the forgetting quality of two scored methods on the oracles that they share.

    Runs and oracles are left out for both at once. One p-value is for equal F: the difference by
    its error. The other is for one law of models: run i of both methods, which has the same
    original, is exchanged. Methods with one F may be of different laws. Where both were scored
    under one --secret or --runs-secret, run i has the same seed too; neither answer rests on that.

    \b
    Examples:
      python -m scorer compare adversarial finetune
      python -m scorer compare adversarial finetune --task digits --json
    """
    from scorer.results.compare import QUESTIONS, compare
    from scorer.results.record import read_records
    from scorer.results.tables import in_scenario, number

    task = task_name(task, results_dir)
    results = read_records(results_dir, task)
    show_problems(results.problems)
    found = compare(results, first, second, results_dir)
    show_problems(found.problems)
    if as_json:
        problems = [problem.as_dict() for problem in (*results.problems, *found.problems)]
        show_json({**found.as_dict(), "problems": problems})
        return
    one, other, paired = found.first, found.second, found.paired
    say(
        f"{task}: N={one.n_models}, rule {one.rule}, delta {one.delta:g}, design {one.design}"
        f"{in_scenario(one.scenario)}\n"
        f"F({first}) = {number(one.forgetting_quality, 4)},"
        f" F({second}) = {number(other.forgetting_quality, 4)}"
        f" (ceiling {number(one.ceiling, 4)})\n"
        f"difference {paired.difference:+.4f} ± {paired.standard_error:.4f}"
    )
    for name, question in QUESTIONS.items():
        say(f"{question} p = {getattr(paired, name):.3f}")
