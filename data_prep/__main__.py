"""Command line: `python -m data_prep download NAME` and `python -m data_prep check NAME`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from data_prep.leakage import first_copies
from data_prep.raw import RawData
from data_prep.registry import DATASETS, load_raw
from scorer.errors import UsageError
from scorer.settings import default_data_dir

_DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data_dir,
    help="Where data sets are kept; default: DATA_DIR, or data/ in the project.",
)


@contextmanager
def _environment_faults() -> Iterator[None]:
    """Turn what the disk, the network or an installation got wrong into exit code 1."""
    try:
        yield
    except (OSError, RuntimeError, ImportError) as error:
        raise click.ClickException(str(error)) from error


@click.group()
def main() -> None:
    """Fetch data sets and check what is on disk."""


@main.command(
    epilog="""\b
Examples:
  python -m data_prep download fashion_mnist
  python -m data_prep download cifar10 --data-dir /mnt/data"""
)
@click.argument(
    "name",
    type=click.Choice([name for name, module in DATASETS.items() if hasattr(module, "download")]),
)
@_DATA_DIR
def download(name: str, data_dir: Path) -> None:
    """Download data set NAME, verified; what is already there is kept."""
    with _environment_faults():
        DATASETS[name].download(data_dir)
    click.echo(f"{name} is in {data_dir}; verify with: python -m data_prep check {name}", err=True)


@main.command(
    epilog="""\b
Examples:
  python -m data_prep check digits
  python -m data_prep check cifar10 --data-dir /mnt/data --json"""
)
@click.argument("name")
@_DATA_DIR
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def check(name: str, data_dir: Path, as_json: bool) -> None:
    """Load data set NAME, verify it and print its counts and content hash."""
    try:
        with _environment_faults():
            raw = load_raw(name, data_dir)
            facts = _facts(raw)
            if name in DATASETS:
                extras = getattr(DATASETS[name], "extras", None)
                facts |= extras(data_dir) if extras else {}
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps(facts))
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        shown = " ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{key:<{width}}  {shown}")


def _facts(raw: RawData) -> dict[str, object]:
    """Return what `check` prints about a data set, ready for JSON."""
    n_test = int(raw.is_official_test.sum())
    copies = first_copies(raw.images) != np.arange(len(raw.labels))
    return {
        "name": raw.name,
        "source": raw.source,
        "n_examples": len(raw.labels),
        "n_official_test": n_test,
        "n_classes": raw.n_classes,
        "examples_per_class": np.bincount(raw.labels, minlength=raw.n_classes).tolist(),
        "image_shape": list(raw.images.shape[1:]),
        "n_exact_copies": int(copies.sum()),
        "content_sha256": raw.content_sha256(),
    }


if __name__ == "__main__":
    main(prog_name="python -m data_prep")
