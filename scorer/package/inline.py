"""One file that stands alone: what a method takes of `baselines` is written into it.

What it takes is copied as it is written, comments and docstrings included, in the order of its
source; what nothing asks for is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path

from scorer.errors import UsageError
from scorer.package.imports import Imports
from scorer.runner.child.preload import parsed

PACKAGE = "baselines"

NOTICE = (
    "# From baselines/{module}.py of unlearning-scorer {version}, what this file uses of it.\n"
    "# SPDX-License-Identifier: Apache-2.0"
)

WRITE_INSTEAD = "write `from baselines.MODULE import NAME` at the top of the file"


@dataclass
class Module:
    """One file of `baselines`, taken apart.

    Attributes:
        name: of the module, without the package.
        statements: text of each definition with the comment above it, by its first name.
        owners: name -> the first name of the statement that defines it.
        uses: first name of a statement -> names that it mentions.
        imports: what names the file's imports bind.
        shared: name -> (module, name there) of what it takes of the package itself.
    """

    name: str
    statements: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    imports: Imports = field(default_factory=Imports)
    shared: dict[str, tuple[str, str]] = field(default_factory=dict)


def inlined(source: bytes, where: str, folder: Path, version: str) -> bytes:
    """Return a method as one file that imports nothing of `baselines`.

    Args:
        source: of the method; without such imports it is returned as it is.
        where: its path, for messages.
        folder: where the package `baselines` lies.
        version: of the kit, for the notice.

    Raises:
        UsageError: it is no Python, imports the package in another form than by names at its top,
            or has a name that something it takes has too.
    """
    tree = parsed(source)
    if tree is None:
        raise UsageError(f"{where} must be a Python file to be packaged, got one of bad syntax")
    if not any(_is_shared(node) for node in ast.walk(tree)):
        return source
    text = decode_source(source)
    head = _head(tree)
    _check_forms(tree, head, where)
    imports, shared = _read_imports(head, where, inside=False)
    modules: dict[str, Module] = {}
    wanted: dict[str, set[str]] = {}
    for module, name in shared.values():
        _want(module, name, folder, modules, wanted, where)
    body = _body(tree, head, text)
    parts = []
    # A module is put behind those that it takes from, which were finished before it.
    for module in _in_order(modules, wanted):
        own, chosen = modules[module], wanted[module]
        imports.take(own.imports, {used for name in chosen for used in own.uses[name]}, where)
        parts.append(NOTICE.format(module=module, version=version))
        parts += [own.statements[name] for name in own.statements if name in chosen]
    taken = {*imports.bound, *(name for node in tree.body for name in _defined(node))}
    _check_names(taken, modules, wanted, where)
    renamed = [f"{mine} = {there}" for mine, (_, there) in shared.items() if mine != there]
    opening = [_docstring(tree, text), "from __future__ import annotations", imports.text()]
    pieces = [part for part in (*opening, *_spaced([*parts, *renamed]), body) if part.strip()]
    return ("\n\n".join(pieces) + "\n").encode()


def read_module(name: str, folder: Path) -> Module:
    """Take a file of `baselines` apart.

    Raises:
        UsageError: it does more at its top than import and define, so that no part stands alone.
    """
    path = folder / f"{name}.py"
    if not path.is_file():
        raise UsageError(f"baselines.{name} must be a module of the kit, got no file {path}")
    text = path.read_text()
    tree = ast.parse(text)
    head = _head(tree)
    module = Module(name)
    module.imports, module.shared = _read_imports(head, str(path), inside=True)
    lines = text.splitlines()
    last = ""
    for node in tree.body[len(head) + bool(ast.get_docstring(tree)) :]:
        if last and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            # The docstring of the constant above it.
            module.statements[last] += "\n" + _segment(node, lines)
            continue
        names = _defined(node)
        if not names:
            raise UsageError(f"{path}, line {node.lineno}, must import or define something")
        last = names[0]
        module.statements[last] = _segment(node, lines)
        module.owners |= dict.fromkeys(names, last)
        module.uses[last] = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return module


def _want(
    module: str,
    name: str,
    folder: Path,
    modules: dict[str, Module],
    wanted: dict[str, set[str]],
    where: str,
) -> None:
    """Ask for a name of a module, and for all that it is made of."""
    if module not in modules:
        modules[module] = read_module(module, folder)
    own = modules[module]
    if name in own.shared:
        if own.shared[name][1] != name:
            raise UsageError(f"baselines/{module}.py must import {name} under its own name")
        _want(*own.shared[name], folder, modules, wanted, where)
        return
    if name not in own.owners:
        raise UsageError(f"{where} imports {name} of baselines.{module}, which has no such name")
    first = own.owners[name]
    if first in wanted.setdefault(module, set()):
        return
    wanted[module].add(first)
    for used in sorted(own.uses[first] & (own.owners.keys() | own.shared.keys())):
        _want(module, used, folder, modules, wanted, where)


def _in_order(modules: dict[str, Module], wanted: dict[str, set[str]]) -> list[str]:
    """Return the modules that something is taken of, those first that others take from."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        for other, _ in modules[name].shared.values():
            if other in modules:
                visit(other)
        order.append(name)

    for name in sorted(wanted):
        visit(name)
    return [name for name in order if name in wanted]


def _head(tree: ast.Module) -> list[ast.stmt]:
    """Return the imports that a file begins with, behind its docstring."""
    found: list[ast.stmt] = []
    for node in tree.body[bool(ast.get_docstring(tree)) :]:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            break
        found.append(node)
    return found


def _is_shared(node: ast.AST) -> bool:
    """Tell whether a node imports something of `baselines`."""
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == PACKAGE for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE


def _check_forms(tree: ast.Module, head: list[ast.stmt], where: str) -> None:
    """Refuse imports of `baselines` that stand elsewhere or are of another form."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            raise UsageError(f"{where}, line {node.lineno}, imports a neighbour; {WRITE_INSTEAD}")
        if _is_shared(node) and (node not in head or not isinstance(node, ast.ImportFrom)):
            line = getattr(node, "lineno", 0)
            raise UsageError(
                f"{where}, line {line}, imports {PACKAGE} in a form that cannot be"
                f" written into the file; {WRITE_INSTEAD}"
            )


def _read_imports(
    head: list[ast.stmt], where: str, *, inside: bool
) -> tuple[Imports, dict[str, tuple[str, str]]]:
    """Return the imports of others, and what is taken of the package by the name it has here."""
    imports, shared = Imports(), {}
    for node in head:
        if not _is_shared(node):
            imports.add(node)
            continue
        parts = (node.module or "").split(".") if isinstance(node, ast.ImportFrom) else []
        if not isinstance(node, ast.ImportFrom) or len(parts) != 2 or node.names[0].name == "*":
            raise UsageError(
                f"{where}, line {node.lineno}, must name what it takes of"
                f" {PACKAGE}; {WRITE_INSTEAD}"
            )
        for alias in node.names:
            shared[alias.asname or alias.name] = (parts[1], alias.name)
    return imports, shared


def _defined(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines, none where it is no definition."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [
        each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)
    ]


def _segment(node: ast.stmt, lines: list[str]) -> str:
    """Return the text of a statement with its decorators, and the comment above and beside it."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)]) - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])


def _docstring(tree: ast.Module, text: str) -> str:
    """Return the docstring of a file as it stands there, "" where it has none."""
    if not ast.get_docstring(tree):
        return ""
    return ast.get_source_segment(text, tree.body[0]) or ""


def _body(tree: ast.Module, head: list[ast.stmt], text: str) -> str:
    """Return what follows a file's imports."""
    return "\n" + "\n".join(text.splitlines()[head[-1].end_lineno :]).strip("\n")


def _spaced(parts: list[str]) -> Iterator[str]:
    """Yield texts with two empty lines before functions, classes and all notices but the first."""
    for place, part in enumerate(parts):
        code = [line for line in part.splitlines() if not line.startswith("#")]
        is_constant = bool(code) and "=" in code[0].partition("(")[0]
        yield part if is_constant or place == 0 else f"\n{part}"


def _check_names(
    taken: set[str], modules: dict[str, Module], wanted: dict[str, set[str]], where: str
) -> None:
    """Refuse two things of one name in one file.

    Args:
        taken: names that the method defines or that imports bind.
        modules: by name.
        wanted: of each module the statements that are taken.
        where: the method, for the message.
    """
    owner = dict.fromkeys(taken, where)
    for module, chosen in wanted.items():
        for name, first in modules[module].owners.items():
            if first in chosen and owner.setdefault(name, module) != module:
                raise UsageError(
                    f"{where} needs {name} of baselines.{module}, but {owner[name]} has a"
                    f" {name} of its own; rename it there"
                )
