"""`report`: one score as a page for people."""

from __future__ import annotations

from pathlib import Path

import click

from scorer.cli._common import (
    DIRECTORY,
    FILE,
    folder_options,
    json_option,
    say,
    show_json,
    show_problems,
    task_name,
)


@click.command()
@click.argument("method", required=False)
@click.option("--task", default="digits", help="see `ls tasks`", show_default=True)
@click.option("--out", type=FILE, help="default: beside the record, RUN.html")
@click.option("--figures", type=DIRECTORY, help="write every figure there too, as PNG and SVG")
@folder_options
@json_option
def command(
    method: str | None,
    task: str,
    out: Path | None,
    figures: Path | None,
    results_dir: Path,
    data_dir: Path,
    cache_dir: Path,
    as_json: bool,
) -> None:
    """Write the newest result of METHOD as one HTML file, to look at and to hand on.

    Without METHOD it is that of submission/unlearn.py. The page has the verdict, the board, which
    examples leak and why, what to mend, what it costs and how to make it again. It is whole in
    itself, prints, and asks no network. What cannot be shown says why.

    \b
    Examples:
      python -m scorer report adversarial
      python -m scorer report mine --task fashion_mnist --out mine.html --figures pictures
    """
    from scorer.reports.material import gather_material
    from scorer.reports.page import check_name, write_figures, write_page
    from scorer.reports.report import make_report
    from scorer.results.record import read_records
    from scorer.results.selection import newest_of

    if out is not None:
        check_name(out)  # so that nobody waits for it
    task = task_name(task, results_dir)
    results = read_records(results_dir, task)
    show_problems(results.problems)
    record = newest_of(results.records, method)
    material = gather_material(record, results.records, results_dir, data_dir, cache_dir)
    made_by = f"python -m scorer report {record.method} --task {task}"
    report = make_report(material, made_by)
    path = out or results_dir / record.task / record.method / f"{record.run_id}.html"
    write_page(path, report.html)
    if figures is not None:
        write_figures(report.panels, figures)
    if as_json:
        written = {"report": str(path), "figures": str(figures) if figures else None}
        show_json({**written, "run_id": record.run_id, "problems": dict(material.problems)})
        return
    for problem in dict.fromkeys(material.problems.values()):
        say(f"not shown: {problem}", err=True)
    say(f"report: {path}")
    if figures is not None:
        say(f"figures: {figures}")
