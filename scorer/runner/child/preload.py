"""Import what a submission is going to, before the fork: a library's start is not its own time."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

FOLDERS = {"site-packages", "dist-packages"}
"""Names of folders that packages are installed into."""


def preload(source: bytes, own: Collection[str] = ()) -> None:
    """Import the installed packages that a file imports when it is imported itself.

    What cannot be imported is left to the run, where it is the file's own fault.

    Args:
        source: of the file.
        own: names of modules beside it, which come before packages of the same name.
    """
    for name in third_party(source):
        if name.partition(".")[0] in own:
            continue
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


def at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when a file is imported, in their order.

    What stands under `if`, `try`, `with` and loops counts, what stands in functions and classes
    does not. A chain of any number of `elif` is followed.
    """
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            blocks = (each for each in ast.iter_child_nodes(node) if isinstance(each, BLOCKS))
            waiting += reversed(list(blocks))


BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that are imported when a file is."""
    for node in at_import(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


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
