"""`readme`: write the README's tables from the results."""

from __future__ import annotations

from pathlib import Path

import click

from scorer.cli._common import folder_options

EXAMPLE = ("digits", "adversarial")
"""Task and method of the quickstart, whose output is shown there."""


@click.command()
@folder_options
def command(cache_dir: Path, data_dir: Path, results_dir: Path) -> None:
    """Keep the leaderboards of the results beside the methods and render them into README.md.

    \b
    Examples:
      python -m scorer readme
      python -m scorer readme --results-dir results
    """
    from scorer.results.leaderboard import build_leaderboard
    from scorer.results.readme import render_readme, save_example, save_snapshot
    from scorer.results.record import read_arrays, read_records
    from scorer.settings import PROJECT_ROOT

    del cache_dir, data_dir
    records = list(read_records(results_dir))
    by_run = {record.run_id: record for record in records}
    for group in build_leaderboard(records).groups:
        record = by_run[group.rows[0].run_id]
        arrays = read_arrays(record, results_dir)
        path = save_snapshot(group, record.provenance["environment"], arrays)
        click.echo(f"wrote {path.relative_to(PROJECT_ROOT)}")
    examples = [r for r in records if (r.task, r.method) == EXAMPLE and not r.faults]
    if examples:
        save_example(max(examples, key=lambda record: record.created_at))
    readme = PROJECT_ROOT / "README.md"
    readme.write_text(render_readme(readme.read_text()))
    click.echo("wrote README.md")
