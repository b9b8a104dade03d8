"""Imports of several files as those of one, in the order that formatters want."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from scorer.errors import UsageError

LINE = 100
"""Characters of a line, as in the rest of the project."""

Bound = tuple[str, str]
"""A module and a name in it; the name is empty for `import module`."""


@dataclass
class Imports:
    """What names are bound by imports.

    Attributes:
        bound: name in the file -> what it is bound to.
    """

    bound: dict[str, Bound] = field(default_factory=dict)

    def add(self, node: ast.stmt) -> None:
        """Add what one import statement binds; `__future__` binds nothing."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.bound[alias.asname or alias.name] = (alias.name, "")
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            for alias in node.names:
                self.bound[alias.asname or alias.name] = (node.module or "", alias.name)

    def take(self, others: Imports, used: Collection[str], where: str) -> None:
        """Add those of another file that some names need.

        Args:
            others: of that file.
            used: names that what is taken of it mentions.
            where: the file that they go into, for the message.

        Raises:
            UsageError: one name would be two things.
        """
        for name, bound in others.bound.items():
            if name.split(".")[0] not in used:
                continue
            if self.bound.setdefault(name, bound) != bound:
                mine, other = (".".join(filter(None, each)) for each in (self.bound[name], bound))
                raise UsageError(
                    f"{where} imports {mine} as {name}, where what it takes of baselines needs"
                    f" {other}; import it under another name"
                )

    def text(self) -> str:
        """Return the statements, the standard library's first."""
        own: dict[bool, list[str]] = {True: [], False: []}
        whole = sorted((module, name) for name, (module, each) in self.bound.items() if not each)
        for module, name in whole:
            renamed = "" if module == name else f" as {name}"
            own[_is_standard(module)].append(f"import {module}{renamed}")
        parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, (module, each) in self.bound.items():
            if each:
                parts[module].append((each, name))
        for module, names in sorted(parts.items()):
            plain = sorted((each for each, name in names if each == name), key=_rank)
            if plain:
                own[_is_standard(module)].append(_statement(module, plain))
            for each, name in sorted(names):
                if each != name:
                    statement = f"from {module} import {each} as {name}"
                    own[_is_standard(module)].append(statement)
        return "\n\n".join("\n".join(lines) for lines in own.values() if lines)


def _is_standard(module: str) -> bool:
    """Tell whether a module is of the standard library."""
    return module.split(".")[0] in sys.stdlib_module_names


def _rank(name: str) -> tuple[int, str]:
    """Return what names are sorted by: constants, classes, the rest."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[0].isupper() else 2), name


def _statement(module: str, names: list[str]) -> str:
    """Return one import, on several lines where one is too short."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= LINE:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"
