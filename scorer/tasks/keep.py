"""Measure the hard examples of a task once and keep them with the code.

python -m scorer.tasks.keep digits
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from data_prep import DamagedData, load_raw
from scorer.devices import FORMS, use_first
from scorer.engines import LocalEngine
from scorer.errors import ScorerError, UsageError
from scorer.files import replace_file
from scorer.options import Options
from scorer.settings import default_cache_dir, default_data_dir
from scorer.tasks import TASKS
from scorer.tasks.forget import Material
from scorer.tasks.forget.hard_random import PUBLIC_SEED, HardRandom
from scorer.tasks.kept import kept_path, measurement

FOLDER = click.Path(file_okay=False, resolve_path=True, path_type=Path)


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python -m scorer.tasks.keep digits
  python -m scorer.tasks.keep cifar10 --device cuda --workers 4 --data-dir /mnt/data""",
)
@click.argument("task")
@click.option("-d", "--device", default="auto", help=f"one of {', '.join(FORMS)}")
@click.option("--workers", type=click.IntRange(min=1), help="processes; default: one a core")
@click.option("--data-dir", type=FOLDER, default=default_data_dir)
@click.option("--cache-dir", type=FOLDER, default=default_cache_dir)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, resolve_path=True, path_type=Path),
    help="file to write; default: where the task looks for it",
)
def main(
    task: str, device: str, workers: int | None, data_dir: Path, cache_dir: Path, out: Path | None
) -> None:
    """Measure the hard examples of TASK on its public split and keep them.

    Models that a call before trained in the same cache are used again. What is kept so far stays
    until the new file is whole.
    """
    try:
        options = Options(
            task=task, device=device, workers=workers, data_dir=data_dir, cache_dir=cache_dir
        )
        path = keep(options, out or kept_path(TASKS[task], PUBLIC_SEED))
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    except (ScorerError, OSError, DamagedData) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {path}", err=True)


def keep(options: Options, path: Path) -> Path:
    """Measure the hard examples of the options' task and write them to `path`.

    Args:
        options: task, device, workers and folders are looked at.
        path: replaced once everything is measured.

    Raises:
        UsageError: the task has no hard examples.
        MissingData: its data set is not there.
    """
    definition = TASKS[options.task]
    forget = definition.forget
    if not (isinstance(forget, HardRandom) and forget.n_hard):
        raise UsageError(
            f"task {definition.name} must have hard examples to forget, got {forget}; there is"
            " nothing to keep"
        )
    raw = load_raw(definition.dataset, options.data_dir)
    use_first(options.gpus)
    engine = LocalEngine(options.workers, options.gpus)
    material = Material(definition, raw, options, engine, _progress)
    order = forget.measure(material, material.partition())
    content = json.dumps(measurement(material, forget, order), indent=1) + "\n"
    replace_file(path, content.encode())
    return path


def _progress(what: str, done: int, total: int) -> None:
    """Write a line for each model on stderr."""
    click.echo(f"{what}: {done}/{total} models", err=True)


if __name__ == "__main__":
    main()
