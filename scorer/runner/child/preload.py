"""Import what a submission is going to, before the fork: a library's start is not its own time."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

FOLDERS = {"site-packages", "dist-packages"}
"""Names of folders that packages are installed into."""


def preload(source: bytes) -> None:
    """Import the installed packages that a file imports when it is imported itself.

    What cannot be imported is left to the run, where it is the file's own fault.
    """
    for name in third_party(source):
        try:
            importlib.import_module(name)
        except BaseException:  # SystemExit included: some packages end a process that lacks a GPU
            continue


def third_party(source: bytes) -> list[str]:
    """Return the modules of installed packages that a file imports at its top level.

    What stands under `if`, `try` or `with` counts, what stands in functions and classes does not.
    A file that cannot be parsed imports nothing.
    """
    tree = parsed(source)
    if tree is None:
        return []
    return [name for name in dict.fromkeys(_names(tree)) if _is_installed(name.partition(".")[0])]


def parsed(source: bytes) -> ast.Module | None:
    """Return the tree of a file that may hold anything, None where it cannot be parsed."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the last two where brackets or signs are nested too deep


def _names(node: ast.AST) -> Iterator[str]:
    """Yield what is imported directly below a node, and below what runs at import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            yield child.module
        elif isinstance(child, (ast.If, ast.Try, ast.With, ast.ExceptHandler)):
            yield from _names(child)


def _is_installed(package: str) -> bool:
    """Tell whether a package lies in a folder of packages, without importing it."""
    if package in sys.modules:
        # Its submodules may not be there yet; what the kit has hidden stays so.
        found = getattr(sys.modules[package], "__spec__", None)
    else:
        try:
            found = importlib.util.find_spec(package)
        except (ImportError, ValueError, AttributeError):
            return False
    origin = getattr(found, "origin", None)
    return origin is not None and not FOLDERS.isdisjoint(Path(origin).parts)
