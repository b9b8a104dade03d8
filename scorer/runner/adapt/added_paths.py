"""Folders that a file adds to `sys.path`, as far as its text says where they are.

What is imported from them is copied with the file, like what lies beside it: a run sees neither.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

FILE = "__file__"
MOST_LETTERS = 4096
"""Of a path; a constant that doubles itself line by line is none."""
SAME = {
    "abspath",
    "realpath",
    "normpath",
    "resolve",
    "absolute",
    "as_posix",
    "str",
    "Path",
    "fspath",
}
"""Calls that name the same folder as what they are called with, or on."""


def added_paths(tree: ast.Module, file: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders that a file adds to `sys.path`, in the order in which they are searched.

    Args:
        tree: of the file.
        file: its path; relative folders are taken to be beside it.

    Returns:
        Those before all packages, and those behind them.
    """
    known: dict[str, str] = {FILE: str(file)}
    before: list[Path] = []
    after: list[Path] = []
    for each in tree.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            value = _known(each.value, known)
            if value is not None:
                known[each.targets[0].id] = value
    for node in ast.walk(tree):
        for is_first, expression in _added(node):
            value = _known(expression, known)
            if value is not None:
                place = Path(os.path.normpath(file.parent / value))
                with suppress(OSError):  # a name that is too long for any folder
                    if place.is_dir():
                        (before if is_first else after).append(place)
    return before[::-1], after


def _added(node: ast.AST) -> Iterator[tuple[bool, ast.expr]]:
    """Yield what a statement or call adds to `sys.path`, and whether in front."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if not _is_path(node.func.value) or not node.args:
            return
        if node.func.attr == "insert" and len(node.args) == 2:
            yield True, node.args[1]
        elif node.func.attr == "append":
            yield False, node.args[0]
        elif node.func.attr == "extend":
            yield from ((False, each) for each in _items(node.args[0]))
    elif isinstance(node, ast.AugAssign) and _is_path(node.target):
        yield from ((False, each) for each in _items(node.value))
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and _is_path(target.value):
            yield from ((True, each) for each in reversed(_items(node.value)))


def _is_path(node: ast.expr) -> bool:
    """Tell whether an expression is `sys.path`."""
    if not isinstance(node, ast.Attribute) or node.attr != "path":
        return False
    return isinstance(node.value, ast.Name) and node.value.id == "sys"


def _items(node: ast.expr) -> list[ast.expr]:
    """Return what stands in a list."""
    return node.elts if isinstance(node, ast.List | ast.Tuple) else []


def _known(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """Return the path that an expression is, None where that is not known or no path can be it."""
    try:
        value = _value(node, known)
    except RecursionError:  # a sum of thousands of texts
        return None
    return value if value is not None and len(value) <= MOST_LETTERS else None


def _value(node: ast.expr, known: Mapping[str, str]) -> str | None:
    """Return the path that an expression of constants and `__file__` is, None for any other."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Div):
        left, right = _value(node.left, known), _value(node.right, known)
        if left is None or right is None:
            return None
        return str(Path(left, right)) if isinstance(node.op, ast.Div) else left + right
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        inner = _value(node.value, known)
        return None if inner is None else str(Path(inner).parent)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        inner, depth = _value(node.value.value, known), node.slice
        if node.value.attr != "parents" or inner is None or not isinstance(depth, ast.Constant):
            return None
        above = Path(inner).parents
        if isinstance(depth.value, int) and 0 <= depth.value < len(above):
            return str(above[depth.value])
        return None
    return _of_call(node, known) if isinstance(node, ast.Call) else None


def _of_call(node: ast.Call, known: Mapping[str, str]) -> str | None:
    """Return the path that a call of `os.path` or `pathlib` gives, None for any other."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = list(node.args)
    if not given and isinstance(node.func, ast.Attribute):
        given = [node.func.value]
    values = [_value(each, known) for each in given]
    parts = [value for value in values if value is not None]
    if not parts or len(parts) < len(values):
        return None
    if name in ("join", "joinpath", "Path"):
        return str(Path(*parts))
    if name in SAME:
        return parts[0]
    return str(Path(parts[0]).parent) if name == "dirname" else None
