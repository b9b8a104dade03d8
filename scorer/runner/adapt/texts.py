"""What a file's text says without being run: its tree, what it binds, and where a line is."""

from __future__ import annotations

import ast
import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scorer.runner.child.preload import at_import

WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Marks of encodings that editors write and Python does not read; the longer marks go first."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Text:
    """The source of a file, with the names of its places.

    Attributes:
        source: as it is run.
        cells: of a notebook, the first line of each and its number.
        notes: what was made of the file to get it.
        fault: why it cannot be read, "" where it can.
    """

    source: bytes
    cells: Sequence[tuple[int, int]] = ()
    notes: tuple[str, ...] = ()
    fault: str = ""

    def place(self, line: int) -> str:
        """Return "line 40", or "cell 5" of a notebook."""
        numbers = [number for first, number in self.cells if first <= line]
        return f"cell {numbers[-1]}" if numbers else f"line {line}"


def as_utf8(source: bytes) -> Text:
    """Return a text that Python reads: what has a mark of UTF-16 or UTF-32 is written anew."""
    for mark, encoding in WIDE.items():
        if source.startswith(mark):
            try:
                text = source.decode(encoding)
            except UnicodeDecodeError as error:
                return Text(source, fault=f"must be text, got {error}; save it as UTF-8")
            return Text(text.encode(), notes=(f"read as {encoding.upper()}, run as UTF-8",))
    return Text(source)


def definitions(tree: ast.Module) -> dict[str, list[Definition]]:
    """Return the functions and classes of a module by name, those of one name in their order."""
    found: dict[str, list[Definition]] = {}
    for node in at_import(tree):
        if isinstance(node, Definition):
            found.setdefault(node.name, []).append(node)
    return found


def bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every name that a module binds when it is imported, with the statement that does."""
    for node in at_import(tree):
        if isinstance(node, Definition):
            yield node.name, node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((name, node) for name in imported(node))
        else:
            for name in bound_here(node):
                yield name, node


def imported(node: ast.Import | ast.ImportFrom) -> set[str]:
    """Return the names that an import binds, "*" for all of a module."""
    return {alias.asname or alias.name.partition(".")[0] for alias in node.names}


def bound_here(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement itself binds, without those of statements in it."""
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Name) and isinstance(each.ctx, (ast.Store, ast.Del)):
            yield each.id
        waiting += [one for one in ast.iter_child_nodes(each) if not isinstance(one, ast.stmt)]


def has_star(tree: ast.Module) -> bool:
    """Tell whether names come from a module whose text was not looked at."""
    return any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in at_import(tree)
    )


def free_names(node: ast.AST) -> set[str]:
    """Return the names that a definition or statement reads and does not bind anywhere in it.

    So what two functions of one function call alike counts as theirs, which is near enough.
    """
    read: set[str] = set()
    bound: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            (read if isinstance(each.ctx, ast.Load) else bound).add(each.id)
        elif isinstance(each, ast.arg):
            bound.add(each.arg)
        elif isinstance(each, Definition):
            bound.add(each.name)
        elif isinstance(each, ast.alias):
            bound.add(each.asname or each.name.partition(".")[0])
        elif isinstance(each, ast.ExceptHandler) and each.name:
            bound.add(each.name)
    return read - bound
