"""What of a notebook's top level makes its functions work: the rest is left out.

Kept are imports, definitions and constants: literals always, and other values where a kept function
reads them, nothing that was left out is needed for them, and no call in them is of a kind that
reads, fetches, trains or prints. Imports of which nothing kept reads a name are not: a notebook has
many, and not every machine has all of them.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

from scorer.runner.adapt.texts import Definition, bound_here, free_names, imported

DOES_SOMETHING = re.compile(
    "load|read|open|download|fetch|request|url|system|popen|save|write|login|connect|input|print"
    "|pars|main|train|fit|run|eval|exec|import|exit|dataset|listdir|glob|show",
    re.IGNORECASE,
)
"""What is in names of calls that do more than to make a value."""

EXPRESSIONS = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp),
    *(ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Starred),
    *(ast.JoinedStr, ast.FormattedValue, ast.Lambda, ast.arguments, ast.arg, ast.Call, ast.keyword),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
)
LITERALS = (
    *(ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.UnaryOp, ast.BinOp),
    *(ast.expr_context, ast.operator, ast.unaryop),
)
ALWAYS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass)
Assignment = ast.Assign | ast.AnnAssign
Imports = ast.Import | ast.ImportFrom


def kept_statements(body: Sequence[ast.stmt], functions: set[str]) -> set[int]:
    """Return the positions of the statements of a module that are kept.

    Args:
        body: of the module.
        functions: names of those that have to work; without any, all that are defined.
    """
    needed = _needed(body, functions)
    available = set(dir(builtins))
    kept = set()
    for position, node in enumerate(body):
        if not _is_kept(node, needed, available):
            continue
        kept.add(position)
        available |= _binds(node)
    return kept - _idle_imports(body, kept)


def needed_and_lost(body: Sequence[ast.stmt], kept: set[int], functions: set[str]) -> list[str]:
    """Return the names that the functions read and that only statements left out would bind."""
    bound: dict[str, bool] = {}
    for position, node in enumerate(body):
        for name in _binds(node):
            bound[name] = bound.get(name, False) or position in kept
    needed = _needed(body, functions)
    return sorted(name for name, is_kept in bound.items() if name in needed and not is_kept)


def _needed(body: Sequence[ast.stmt], functions: set[str]) -> set[str]:
    """Return the names that some functions read, and all that is read for these in turn."""
    reads: dict[str, set[str]] = {}
    for node in body:
        for name in _binds(node):
            reads.setdefault(name, set()).update(free_names(node))
    waiting = list(functions or {node.name for node in body if isinstance(node, Definition)})
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += reads.get(name, ())
    return found


def _binds(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds, with all that stands under it."""
    found: set[str] = set()
    for each in (node, *_leaves(node)):
        if isinstance(each, Definition):
            found.add(each.name)
        elif isinstance(each, Imports):
            found |= imported(each)
        else:
            found.update(bound_here(each))
    return found


def _leaves(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the statements under an `if` or `try`, at any depth, of a chain of `elif` too."""
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if each is not node and isinstance(each, ast.stmt):
            yield each
        if isinstance(each, (ast.If, ast.Try, ast.ExceptHandler)):
            below = ast.iter_child_nodes(each)
            blocks = [one for one in below if isinstance(one, (ast.stmt, ast.ExceptHandler))]
            waiting += reversed(blocks)


def _is_kept(node: ast.stmt, needed: set[str], available: set[str]) -> bool:
    """Tell whether a statement is kept."""
    if isinstance(node, ALWAYS):
        return True
    if isinstance(node, (ast.If, ast.Try)):
        there = set(available)
        for each in (node, *_leaves(node)):
            if isinstance(each, ast.If) and not _makes_a_value(each.test, there):
                return False
            if not isinstance(each, (ast.If, ast.Try)) and not _is_kept(each, needed, there):
                return False
            there |= _binds(each) if each is not node else set()
        return True
    if isinstance(node, Assignment) and node.value is not None:
        if free_names(node) - available:  # such as the `frame` of `frame["x"] = 1`
            return False
        if all(isinstance(each, LITERALS) for each in ast.walk(node.value)):
            return True
        targets = set(bound_here(node))
        return bool(targets & needed) and _makes_a_value(node.value, available)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _idle_imports(body: Sequence[ast.stmt], kept: set[int]) -> set[int]:
    """Return the positions of kept imports whose names nothing kept reads."""
    read: set[str] = set()
    for position in kept:
        read |= free_names(body[position])
    return {
        position
        for position in kept
        if isinstance(node := body[position], Imports)
        and not imported(node) & {*read, "*"}
        and getattr(node, "module", "") != "__future__"
    }


def _makes_a_value(value: ast.expr, available: set[str]) -> bool:
    """Tell whether an expression does nothing but make a value, of names that are there."""
    if free_names(value) - available:
        return False
    for each in ast.walk(value):
        if not isinstance(each, EXPRESSIONS):
            return False
        if isinstance(each, ast.Call):
            names = [n.attr for n in ast.walk(each.func) if isinstance(n, ast.Attribute)]
            names += [n.id for n in ast.walk(each.func) if isinstance(n, ast.Name)]
            if any(DOES_SOMETHING.search(name) for name in names):
                return False
    return True
