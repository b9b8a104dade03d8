"""Packages that a file imports and nobody has installed: all of them named at once."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping

from scorer.runner.adapt.neighbours import find_module
from scorer.runner.child.preload import parsed
from scorer.runner.imports import PACKAGE
from scorer.runner.program import KIT_PACKAGES

DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""What packages are called where they are installed from, if not by their own name."""

HOSTS = ("google", "kaggle_secrets", "kaggle_datasets")
"""Modules that only the machines of a notebook's host have."""

FORGIVING = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


def missing_packages(files: Mapping[str, bytes], main: str, place: Callable[[int], str]) -> str:
    """Return the message on what a submission cannot import, "" where nothing is missing.

    Looked at is what is imported in any case when the file is, through whatever was copied with it:
    no import in a function, under a condition, or where a `try` takes care of it.

    Args:
        files: of the submission.
        main: the file itself.
        place: says what a line of the file itself is called.
    """
    found: dict[str, str] = {}
    waiting, seen = [main], {main}
    while waiting:
        path = waiting.pop()
        tree = parsed(files[path])
        if tree is None:
            continue
        for node in _certain(tree.body):
            for dotted, level in _modules(node):
                own = find_module(files, path, dotted, level)
                if own is not None:
                    if own not in seen:
                        seen.add(own)
                        waiting.append(own)
                    continue
                top = dotted.partition(".")[0]
                if not level and not _is_there(top, files):
                    line = node.lineno
                    where = place(line) if path == main else f"{path} line {line}"
                    found.setdefault(top, where)
    return _message(found)


def _message(found: Mapping[str, str]) -> str:
    """Return what is said of the packages that are missing, by their places."""
    said = []
    for names, reason in (
        (KIT_PACKAGES, "is the kit's, which no submission can import; copy what it needs of it"),
        (HOSTS, "is there only on the host of a notebook; remove what uses it"),
    ):
        said += [f"{top} ({where}) {reason}" for top, where in found.items() if top in names]
    packages = {top: where for top, where in found.items() if top not in (*KIT_PACKAGES, *HOSTS)}
    if packages:
        listed = ", ".join(f"{top} ({where})" for top, where in packages.items())
        wanted = " ".join(sorted({DISTRIBUTIONS.get(top, top) for top in packages}))
        said.append(f'needs what is not installed: {listed}; `make env ALSO="{wanted}"` adds it')
    return "; ".join(said)


def _certain(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that are made in any case."""
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.With):
            waiting += reversed(node.body)
        elif isinstance(node, ast.Try):
            names = [_names(each.type) for each in node.handlers]
            if not any(not each or FORGIVING & each for each in names):
                waiting += reversed(node.body)


def _names(node: ast.expr | None) -> set[str]:
    """Return the names of exceptions, none for a bare `except`."""
    return set() if node is None else {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, int]]:
    """Yield what is imported, with the number of dots before it."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, 0) for alias in node.names)
        return
    yield node.module or "", node.level
    for alias in node.names:
        yield f"{node.module or ''}.{alias.name}".strip("."), node.level


def _is_there(top: str, files: Mapping[str, bytes]) -> bool:
    """Tell whether a module of that name can be imported, without importing it."""
    own = {path.removeprefix("../").partition("/")[0].removesuffix(".py") for path in files}
    if top in own or top in sys.stdlib_module_names or top == PACKAGE:
        return True
    if top in KIT_PACKAGES:
        return False
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError, AttributeError):
        return top in sys.modules
