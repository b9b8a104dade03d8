"""From a path to the code of a submission: a file, a notebook, or a folder, with what it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from scorer.errors import UsageError
from scorer.files import Damaged, DiskError, read_regular
from scorer.runner.adapt.code import MAIN, NAME, Code, Entry
from scorer.runner.adapt.devices import missing_devices
from scorer.runner.adapt.functions import find_entry
from scorer.runner.adapt.neighbours import check_size, neighbours, read_file
from scorer.runner.adapt.notebooks import is_export, read_notebook, reduce_export
from scorer.runner.adapt.packages import missing_packages
from scorer.runner.adapt.texts import Text, as_utf8, bindings
from scorer.runner.child.preload import parsed

NOTEBOOK = ".ipynb"
MAINS = ("__init__.py", "unlearn.py", f"unlearn{NOTEBOOK}")
"""Which file of a folder is the submission: the first that is there and has something to call."""

MOST_SOURCE_BYTES = 16 * 2**20
LEFT_BEHIND = ("__pycache__", "node_modules")


def read_code(path: Path, function: str = "") -> Code:
    """Return the code of a submission, adapted; see `scorer.runner.adapt`.

    Args:
        path: of a file, a notebook or a folder.
        function: that the user has named, "" for the one that the file has.

    Raises:
        UsageError: something of it is not there, no regular file, or far too large.
    """
    text = main_text(path, function)
    if path.is_dir():
        name = main_of(path)
        files = _files_below(path)
        main = str(Path(name).with_suffix(".py"))
        return code_of(files | {main: text.source}, main, function, text)
    around = {} if text.fault else neighbours(text.source, path)
    return code_of(around | {MAIN: text.source}, MAIN, function, text)


def code_of(
    files: Mapping[str, bytes], main: str = MAIN, function: str = "", text: Text | None = None
) -> Code:
    """Return code from its files: find the function, and what is missing.

    Args:
        files: content by path.
        main: path of the file itself.
        function: that the user has named.
        text: what is known of the file already.
    """
    text = text or Text(files[main])
    notes = list(text.notes)
    others = sorted(path for path in files if path != main)
    if others:
        notes.append(f"with {_listed(others)}")
    if text.fault:
        entry = Entry(fault="import_error", message=text.fault)
        return Code(files, main, entry, tuple(notes), function)
    tree = parsed(text.source)
    if tree is None:
        # Python itself says in the run what is wrong with it.
        return Code(files, main, Entry(name=function or NAME), tuple(notes), function)
    entry, found = find_entry(tree, text, function)
    devices = missing_devices(tree)
    entry = replace(entry, devices=devices)
    if devices and not entry.fault:
        are = "are" if len(devices) > 1 else "is"
        notes.append(f"{' and '.join(devices)}, not defined by the file, {are} the device of net")
    missing = missing_packages(files, main, text.place)
    if missing:
        entry = replace(entry, fault="import_error", message=missing)
    return Code(files, main, entry, (*found, *notes), function)


def main_of(folder: Path) -> str:
    """Return the name of the file of a folder that is the submission.

    Raises:
        UsageError: there is none.
    """
    there = [name for name in MAINS if (folder / name).is_file()]
    for name in there:
        tree = parsed(read_file(folder / name)) if name.endswith(".py") else None
        if name != MAIN or (tree is not None and NAME in dict(bindings(tree))):
            return name
    if not there:
        raise UsageError(
            f"{folder} cannot be scored: a directory must hold {' or '.join(MAINS)}, got none of"
            " them; name the file itself, or rename it"
        )
    return there[0]


def main_text(path: Path, function: str = "") -> Text:
    """Return the text of a submission's file as it is run.

    Args:
        path: of the file or folder.
        function: that the user has named.

    Raises:
        UsageError: it is not there or may not be read, is no regular file, or is far too large.
    """
    if path.is_dir():
        path = path / main_of(path)
    content = read_source(path)
    if path.suffix == NOTEBOOK:
        return read_notebook(content, function)
    text = as_utf8(content)
    if text.fault or not is_export(text.source):
        return text
    reduced = reduce_export(text.source, function)
    return replace(reduced, notes=(*text.notes, *reduced.notes))


def read_source(path: Path) -> bytes:
    """Return the bytes of a submission's file, or of one that a link leads to.

    Raises:
        UsageError: it is not there or may not be read, is no regular file, or is far too large.
    """
    try:
        return read_regular(path.resolve(), MOST_SOURCE_BYTES)
    except (OSError, RuntimeError, Damaged, DiskError) as error:
        raise UsageError(f"{path} cannot be scored: {error}") from error


def _files_below(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by path, without what tools leave there.

    Raises:
        UsageError: they are too many or too large, or one is no regular file.
    """
    found: dict[str, bytes] = {}
    n_bytes = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if n not in LEFT_BEHIND and not n.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.startswith(".") or name.endswith(".pyc"):
                continue
            n_bytes += path.lstat().st_size
            check_size(len(found) + 1, n_bytes, folder)
            found[path.relative_to(folder).as_posix()] = read_file(path)
    return found


def _listed(paths: list[str], most: int = 5) -> str:
    """Return paths, of many the first."""
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more
