"""`ls`: what can be named."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scorer.cli._common import folder_options, json_option, show, show_json, show_problems
from scorer.registry import Registry

if TYPE_CHECKING:
    from scorer.results.record import Results


def list_methods() -> list[dict[str, Any]]:
    """Return every method with what its docstring says."""
    from scorer.runner.load import REFERENCES, describe, method_files
    from scorer.settings import PROJECT_ROOT

    rows: list[dict[str, Any]] = [
        {"name": name, "short": "", "source": "the kit", "year": "", "data": "", "cost": "",
         "summary": summary, "path": ""}
        for name, summary in REFERENCES.items()
    ]  # fmt: skip
    for name, path in sorted(method_files().items()):
        said = describe(path)
        labels = {key.lower(): value for key, value in said.labels.items()}
        keys = ("short", "source", "year", "data", "cost")
        rows.append(
            {
                "name": name,
                **{key: labels.get(key, "") for key in keys},
                "summary": said.summary,
                "path": str(path.relative_to(PROJECT_ROOT)),
            }
        )
    return rows


REGISTRIES = {
    "tasks": "scorer.tasks:TASKS",
    "rules": "scorer.metric.rules:RULES",
    "engines": "scorer.engines:ENGINES",
    "sandboxes": "scorer.runner.sandboxes:SANDBOXES",
    "benches": "scorer.bench:BENCHES",
}
"""What `ls` lists besides methods and results, imported when it is asked for."""


def named(registry: Registry[Any]) -> list[dict[str, Any]]:
    """Return every member of a registry with one line about it."""
    return [{"name": name, "summary": said} for name, said in registry.summaries().items()]


def list_results(results: Results) -> list[dict[str, Any]]:
    """Return every record by its identity."""
    return [
        {
            "run_id": record.run_id,
            "method": record.method,
            **record.identity,
            "forgetting_quality": record.forgetting_quality,
            "forgetting_quality_se": record.forgetting_quality_se,
            "ceiling": record.ceiling,
        }
        for record in results
    ]


@click.command()
@click.argument("kind", type=click.Choice(["methods", *REGISTRIES, "results"]))
@folder_options
@json_option
def command(kind: str, as_json: bool, results_dir: Path, cache_dir: Path, data_dir: Path) -> None:
    """List what can be named: methods, tasks, rules and other kinds, or the results.

    \b
    Examples:
      python -m scorer ls methods
      python -m scorer ls tasks --json
    """
    from rich.table import Table

    del cache_dir, data_dir
    found: dict[str, Any] = {}
    if kind == "results":
        from scorer.results.record import read_records

        results = read_records(results_dir)
        show_problems(results.problems)
        rows = list_results(results)
        found["problems"] = [problem.as_dict() for problem in results.problems]
    elif kind == "methods":
        rows = list_methods()
    else:
        module, _, name = REGISTRIES[kind].partition(":")
        rows = named(getattr(importlib.import_module(module), name))
    if as_json:
        show_json({kind: rows, **found})
        return
    if not rows:
        click.echo(f"no {kind}")
        return
    shown = [key for key in rows[0] if key not in ("path", "source", "fingerprint")]
    if kind == "methods":
        shown = ["name", "short", "year", "data", "cost", "source"]
    table = Table(*shown)
    for row in rows:
        table.add_row(
            *(f"{v:.4g}" if isinstance(v, float) else str(v) for v in map(row.get, shown))
        )
    show(table)
