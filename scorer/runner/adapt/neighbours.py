"""What lies beside a file and is imported by it: copied with it, and part of what it is.

A module is looked for as for a script: in the file's own folder first, then among the packages;
and, since people start their scripts from the folder above, there. Of a package of one's own all
modules are copied, of a module its file. What is not imported stays where it is.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from scorer.errors import UsageError
from scorer.files import Damaged, DiskError, read_regular
from scorer.runner.adapt.added_paths import added_paths
from scorer.runner.child.preload import parsed
from scorer.runner.imports import PACKAGE
from scorer.runner.program import KIT_PACKAGES
from scorer.settings import PROJECT_ROOT

MOST_BYTES, MOST_FILES = 64 * 2**20, 2000
"""Of all files of a submission together: the bytes, and how many."""

LOADED = ("torch", "numpy", "safetensors")
"""What the program has imported before the file is: nothing beside it can take their place."""

UP = "../"


def neighbours(main: bytes, file: Path) -> dict[str, bytes]:
    """Return what a file imports from its own folder, the one above and those it adds, by path.

    Args:
        main: source of the file.
        file: its path.

    Raises:
        UsageError: they are too many or too large, or one is no regular file.
    """
    found: dict[str, bytes] = {}
    folder, tree = file.parent, parsed(main)
    added = added_paths(tree, file) if tree is not None else ([], [])
    waiting = [("", main)]
    while waiting:
        path, source = waiting.pop()
        tree = parsed(source)
        for top in dict.fromkeys(_tops(tree, path)) if tree is not None else ():
            for prefix, place in _places(top, folder, added):
                files = _files_of(top, place)
                if files:
                    named = {f"{prefix}{name}": each for name, each in files.items()}
                    new = {name: each for name, each in named.items() if name not in found}
                    found |= new
                    check_size(len(found), sum(map(len, found.values())), folder)
                    waiting += new.items()
                    break
    return found


def _tops(tree: ast.Module, path: str) -> Iterator[str]:
    """Yield names that modules beside a file may have; of a package they are all copied anyway."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 1 and "/" not in path:
            if node.module:
                yield node.module.partition(".")[0]
            else:
                yield from (alias.name for alias in node.names)


def _places(
    top: str, folder: Path, added: tuple[Sequence[Path], Sequence[Path]]
) -> Iterator[tuple[str, Path]]:
    """Yield where a module may lie, with what its path begins with."""
    if not top.isidentifier() or top in (*sys.stdlib_module_names, *LOADED, PACKAGE, *KIT_PACKAGES):
        return
    yield "", folder
    # Copied to where the file is, which goes before all that it adds itself.
    before, after = added
    yield from (("", each) for each in before)
    if not _is_installed(top):
        yield from (("", each) for each in after)
        # Above an entry in the kit's own folders lies the kit, and nothing of the user's.
        if folder.parent != PROJECT_ROOT:
            yield UP, folder.parent


def _is_installed(top: str) -> bool:
    """Tell whether a package of that name is found where packages are, or cannot be told."""
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return True


def _files_of(top: str, place: Path) -> dict[str, bytes]:
    """Return the files of a module or package in a folder, by path below it; none for no such."""
    if (place / top).is_dir():
        paths = sorted((place / top).rglob("*.py"))
        # In a folder without modules there is nothing to import: data, or somebody's results.
        if paths:
            check_size(len(paths), sum(path.lstat().st_size for path in paths), place / top)
            return {path.relative_to(place).as_posix(): read_file(path) for path in paths}
    path = place / f"{top}.py"
    return {path.name: read_file(path)} if path.is_file() else {}


def read_file(path: Path) -> bytes:
    """Return the bytes of a file of a submission besides the main one.

    Raises:
        UsageError: it is a link, no regular file, or too large.
    """
    try:
        return read_regular(path, MOST_BYTES)
    except (OSError, Damaged, DiskError) as error:
        raise UsageError(f"{path} cannot go with the submission: {error}") from error


def check_size(n_files: int, n_bytes: int, folder: Path) -> None:
    """Raise where the files that a submission takes from a folder are too many or too large.

    Raises:
        UsageError: with what to do.
    """
    if n_files > MOST_FILES or n_bytes > MOST_BYTES:
        raise UsageError(
            f"what a submission takes from {folder} must be at most {MOST_FILES} files of"
            f" {MOST_BYTES // 2**20} MiB together, got {n_files} of {n_bytes / 2**20:.1f} MiB; move"
            " data, and what it does not need, elsewhere"
        )


def find_module(files: Mapping[str, bytes], importer: str, dotted: str, level: int) -> str | None:
    """Return the path of the module that an import in one of the files leads to, None for others.

    Args:
        files: of a submission.
        importer: path of the file with the import.
        dotted: name of the module behind the dots.
        level: number of dots.
    """
    if not dotted and not level:
        return None
    parts = dotted.split(".") if dotted else []
    starts = [PurePosixPath("."), PurePosixPath("..")]
    if level:
        start = PurePosixPath(importer).parent
        for _ in range(level - 1):
            start = start.parent
        starts = [start]
    for start in starts:
        place = start.joinpath(*parts)
        for path in (f"{place}.py", str(place / "__init__.py")):
            if parts and path in files:
                return path
    return None
