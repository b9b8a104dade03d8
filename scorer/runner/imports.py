"""Which modules of `baselines` a submission imports: they are part of what is scored."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scorer.runner.child.preload import parsed

PACKAGE = "baselines"


def shared_modules(source: bytes, folder: Path) -> list[Path]:
    """Return the files in `folder` that a source imports, directly or through one another.

    Imports anywhere in a file count, those inside functions too. A source that cannot be parsed
    imports nothing.

    Args:
        source: of the submission.
        folder: where the package `baselines` lies; its `__init__.py` is empty and left out.

    Returns:
        Paths in alphabetical order.
    """
    found: dict[str, Path] = {}
    waiting = list(_names(source, inside=False))
    while waiting:
        name = waiting.pop()
        path = folder / f"{name}.py"
        if name not in found and path.is_file():
            found[name] = path
            waiting += _names(path.read_bytes(), inside=True)
    return [found[name] for name in sorted(found)]


def _names(source: bytes, inside: bool) -> Iterator[str]:
    """Yield what may be names of modules of the package.

    Args:
        source: of a file.
        inside: whether the file lies in the package, where `from . import x` is of it.
    """
    tree = parsed(source)
    if tree is None:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            if node.level == 1 and inside:
                package = f"{PACKAGE}.{package}".rstrip(".")
            elif node.level:
                continue
            dotted = [package, *(f"{package}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in dotted:
            parts = name.split(".")
            if parts[0] == PACKAGE and len(parts) > 1:
                yield parts[1]
