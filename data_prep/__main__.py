"""Command line: fetch data sets, prepare what was fetched by hand, and check what is on disk."""

from __future__ import annotations

import errno
import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np

from data_prep.celeba import prepare_archive
from data_prep.decoding import Progress
from data_prep.leakage import first_copies
from data_prep.own import describe_folder, load_folder
from data_prep.raw import RawData
from data_prep.registry import DATASETS, load_raw
from scorer.errors import UsageError
from scorer.settings import default_data_dir

_ANOTHER = "; name a folder that can be written by --data-dir or DATA_DIR"
_HINTS = dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR), _ANOTHER) | {
    errno.ENOSPC: "; make room there, or name another folder by --data-dir or DATA_DIR"
}
"""What to do about errors of the data directory."""

_PATH = click.Path(path_type=Path)
_DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data_dir,
    help="Where data sets are kept; default: DATA_DIR, or data/ in the project.",
)
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of a table."
)


@contextmanager
def _faults() -> Iterator[None]:
    """Exit with 2 where what was asked for does not fit, with 1 where the machine or data fail."""
    try:
        yield
    except UsageError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error}{_HINTS.get(error.errno or 0, '')}") from error
    except (RuntimeError, ImportError) as error:
        raise click.ClickException(str(error)) from error


def _where(data_dir: Path) -> str:
    """Return the option to name this data directory again, nothing where it is the default."""
    default = data_dir.absolute() == default_data_dir().absolute()
    return "" if default else f" --data-dir {shlex.quote(str(data_dir))}"


@contextmanager
def _bar() -> Iterator[Progress]:
    """Yield a progress function that shows a bar on stderr, nothing where that is no terminal."""
    with ExitStack() as stack:
        bars: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in bars:
                bar = click.progressbar(length=total, label=what, file=sys.stderr, show_pos=True)
                bars[what] = stack.enter_context(bar)
            bars[what].update(done - bars[what].pos)

        yield update


HELP = {"help_option_names": ["-h", "--help"]}
"""Of each command: click keeps what it saw first, which may be one called without the group."""


@click.group(context_settings=HELP)
def main() -> None:
    """Fetch data sets, prepare those fetched by hand, and check what is on disk."""


@main.command(
    context_settings=HELP,
    epilog="""\b
Examples:
  python -m data_prep download fashion_mnist
  python -m data_prep download cifar10 --data-dir /mnt/data""",
)
@click.argument(
    "name",
    type=click.Choice([name for name, module in DATASETS.items() if hasattr(module, "download")]),
)
@_DATA_DIR
def download(name: str, data_dir: Path) -> None:
    """Download data set NAME, verified; what is already there is kept."""
    with _faults():
        try:
            DATASETS[name].download(data_dir)
        except (OSError, RuntimeError) as error:
            if isinstance(error, OSError) and error.errno in _HINTS:
                raise
            by_hand = getattr(DATASETS[name], "by_hand", None)
            how = f"\nWithout a network: {by_hand(data_dir)}" if by_hand else ""
            raise RuntimeError(f"{name} could not be downloaded: {error}{how}") from error
    click.echo(
        f"{name} is in {data_dir}; verify with: python -m data_prep check {name}{_where(data_dir)}",
        err=True,
    )


@main.command(
    context_settings=HELP,
    epilog="""\b
Examples:
  python -m data_prep celeba --archive ~/Downloads
  python -m data_prep celeba --archive Img/img_align_celeba.zip Anno Eval --data-dir /mnt/data""",
)
@click.option("--archive", "first", type=_PATH, required=True, help="A file, or a folder of some.")
@click.argument("more", type=_PATH, nargs=-1)
@_DATA_DIR
def celeba(first: Path, more: tuple[Path, ...], data_dir: Path) -> None:
    """Prepare CelebA from files that were fetched by hand from its official drive.

    These are img_align_celeba.zip, or the parts of img_align_celeba_png.7z, and the tables
    list_attr_celeba.txt, identity_CelebA.txt and list_eval_partition.txt; folders are looked
    through. All of it is checked before the images are decoded, once. A call that was stopped is
    gone on with.
    """
    with _faults(), _bar() as progress:
        notes = prepare_archive((first, *more), data_dir, progress)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(
        f"celeba is in {data_dir}; score on it with: python -m scorer score METHOD --task celeba"
        f"{_where(data_dir)}",
        err=True,
    )


@main.command(
    context_settings=HELP,
    name="import",
    epilog="""\b
Examples:
  python -m data_prep import ~/photos
  python -m data_prep import ~/photos --skip-broken --data-dir /mnt/data""",
)
@click.argument("folder", type=_PATH)
@click.option("--skip-broken", is_flag=True, help="Leave out images that cannot be decoded.")
@_DATA_DIR
@_JSON
def import_(folder: Path, skip_broken: bool, data_dir: Path, as_json: bool) -> None:
    """Verify and decode the images in FOLDER, and print their counts and content hash.

    FOLDER has one folder a class, or images.npy and labels.npy, and subjects.npy where it is known
    whom images are of. `--task FOLDER` does the same where it has not been done.
    """
    with _faults():
        said = describe_folder(folder.expanduser()).said
        with _bar() as progress:
            raw = load_folder(folder, data_dir, progress, skip_broken=skip_broken)
        facts = _facts(raw)
    for line in said:
        click.echo(f"note: {line}", err=True)
    _show(facts, as_json)
    click.echo(
        f"score on them with: python -m scorer score METHOD --task {shlex.quote(str(folder))}"
        f"{_where(data_dir)}",
        err=True,
    )


@main.command(
    context_settings=HELP,
    epilog="""\b
Examples:
  python -m data_prep check digits
  python -m data_prep check cifar10 --data-dir /mnt/data --json""",
)
@click.argument("name")
@_DATA_DIR
@_JSON
def check(name: str, data_dir: Path, as_json: bool) -> None:
    """Load data set NAME, verify it and print its counts and content hash."""
    with _faults():
        raw = load_raw(name, data_dir)
        facts = _facts(raw)
        if name in DATASETS:
            extras = getattr(DATASETS[name], "extras", None)
            facts |= extras(data_dir) if extras else {}
    _show(facts, as_json)


def _show(facts: Mapping[str, object], as_json: bool) -> None:
    """Print facts as one JSON object, or a line each."""
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
        **({} if raw.subjects is None else {"n_subjects": len(np.unique(raw.subjects))}),
        "n_exact_copies": int(copies.sum()),
        "content_sha256": raw.content_sha256(),
    }


if __name__ == "__main__":
    main(prog_name="python -m data_prep")
