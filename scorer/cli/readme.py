"""`readme`: write what the documents show of results, registries and imports."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from scorer.cli._common import folder_options, say, show_problems
from scorer.errors import ScorerError
from scorer.kinds import KINDS, kind_named
from scorer.layout import drawing, first_lines
from scorer.results.markdown import markdown_table
from scorer.runner.faults import FAULTS
from scorer.settings import PROJECT_ROOT

STRANGERS = PROJECT_ROOT / "tests" / "runner" / "adapt" / "expected.toml"
"""What is tested to become of files of each kind."""

EXAMPLE = ("digits", "adversarial")
"""Task and method of the quickstart, whose output is shown there."""


def coded(rows: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Yield names as code beside what they are."""
    return ((f"`{name}`", said) for name, said in rows)


def render_list(kind: str) -> str:
    """Return name and summary of all members of a kind."""
    rows = ((row["name"], row["summary"]) for row in kind_named(kind).rows())
    return markdown_table((kind, "what it is"), coded(rows))


def render_forms() -> str:
    """Return how forget sets are typed, and what they are."""
    rows = [row for row in kind_named("forget_sets").rows() if row["typed"]]
    typed = ((f"`{row['typed']}`".replace(" or ", "` or `"), row["summary"]) for row in rows)
    return markdown_table(("behind `--forget`", "what is forgotten"), typed)


def render_kinds() -> str:
    """Return what can be added as one file, and how."""
    rows = (
        (f"**{kind.name}**", kind.about, f"`{kind.file}`", f"`{kind.test}`", f"`{kind.like}`")
        for kind in KINDS.values()
    )
    return markdown_table(("kind", "what one is", "a new one is", "its test", "copy from"), rows)


def render_parts() -> str:
    """Return what every part of the project says of itself."""
    return markdown_table(("part", "what it is"), coded(first_lines().items()))


def render_faults() -> str:
    """Return the names of faults and what they mean."""
    return markdown_table(("fault", "what it means"), coded(FAULTS.items()))


def render_files(which: str) -> str:
    """Return what becomes of each kind of file that is tested: of those that run, or the others.

    Raises:
        ScorerError: neither is asked for.
    """
    if which not in ("runs", "refused"):
        raise ScorerError(f"a document must show files that are runs or refused, got {which!r}")
    expected = tomllib.loads(STRANGERS.read_text()).values()
    well = ("as it is", "adapted")
    shown = [each for each in expected if (each["outcome"] in well) == (which == "runs")]
    rows = ((each["kind"], each["outcome"], each.get("says", "")) for each in shown)
    return markdown_table(("a file with", "outcome", "said, among others"), rows)


def written() -> dict[Path, str]:
    """Return every document that holds something generated, as it must be.

    Raises:
        ScorerError: a document names what is not kept.
    """
    from scorer.results import readme
    from scorer.results.schema import schema_json, schema_markdown
    from scorer.studies.kept import render_study
    from scorer.tuning.page import tuning_pages

    renderers: dict[str, Any] = {
        "best": readme.render_best,
        "example": readme.render_example,
        "bench": readme.render_bench,
        "study": render_study,
        "list": render_list,
        "forms": render_forms,
        "kinds": render_kinds,
        "parts": render_parts,
        "drawing": drawing,
        "faults": render_faults,
        "files": render_files,
    }
    pages = {
        path.with_suffix(".md"): readme.leaderboard_page(path)
        for path in sorted(readme.SNAPSHOTS.glob("*.json"))
    }
    pages |= tuning_pages()
    pages[PROJECT_ROOT / "docs" / "schema.md"] = schema_markdown()
    pages[PROJECT_ROOT / "docs" / "schema.json"] = schema_json()
    filled = [PROJECT_ROOT / "README.md", PROJECT_ROOT / "CONTRIBUTING.md"]
    filled += [path for path in sorted((PROJECT_ROOT / "docs").glob("*.md")) if path not in pages]
    for path in filled:
        where = str(path.relative_to(PROJECT_ROOT))
        pages[path] = readme.fill(path.read_text(), where, renderers)
    return pages


@click.command()
@click.option("--boards", is_flag=True, help="put the results in place of the kept leaderboards")
@folder_options
def command(boards: bool, results_dir: Path, **_: Path) -> None:
    """Render all documents from what is kept beside the code.

    README.md, CONTRIBUTING.md and docs/ are rendered between their marks, the pages of
    baselines/leaderboards/ and baselines/tuning/ as a whole. With --boards the leaderboards of
    the results are kept first, in place of those of the same tasks.

    \b
    Examples:
      python -m scorer readme
      python -m scorer readme --boards --results-dir results
    """
    if boards:
        keep_boards(results_dir)
    for path, text in written().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            say(f"wrote {path.relative_to(PROJECT_ROOT)}")


def keep_boards(results_dir: Path) -> None:
    """Keep the leaderboards of the results, and the example of the README, beside the methods.

    Raises:
        ScorerError: a record does not say where it was made, or its arrays are damaged.
    """
    from scorer.results.leaderboard import build_leaderboard
    from scorer.results.readme import save_example, save_snapshot
    from scorer.results.record import read_arrays, read_records

    results = read_records(results_dir)
    show_problems(results.problems)
    records = results.records
    by_run = {(record.task, record.run_id): record for record in records}
    # All is read before any is written, so that what fails leaves the documents as they were.
    found = []
    for group in build_leaderboard(records).groups:
        record = by_run[group.identity["task"], group.rows[0].run_id]
        if "environment" not in record.provenance:
            raise ScorerError(f"{record.run_id} of {record.task} must say where it was made")
        environment = record.provenance["environment"]
        found.append((group, environment, read_arrays(record, results_dir)))
    for board in found:
        path = save_snapshot(*board)
        say(f"wrote {path.relative_to(PROJECT_ROOT)}")
    examples = [r for r in records if (r.board, r.method) == EXAMPLE and not r.faults]
    if examples:
        save_example(max(examples, key=lambda record: record.created_at))
