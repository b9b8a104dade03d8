"""Installed packages that a submission imports: they are what is run too, and may be replaced."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from scorer.runner.adapt import Code
from scorer.runner.child.preload import parsed
from scorer.runner.imports import PACKAGE
from scorer.runner.program import package_folders

OF_THE_KIT = {"torch", "torchvision", "numpy", "scipy", "sklearn"}
"""Pinned with the kit, whose own models depend on them as much: an engine has the release of torch
in its name, the others are equal for all that is ranked."""


def packages_sha256(code: Code) -> str:
    """Return what changes with the installed packages that a submission imports.

    Packages count that are named in an import anywhere in its files, by their Python files; those
    that they import in turn do not, nor does what is not installed, which no run finds.

    Args:
        code: of the submission; what lies beside it goes before an installed package.

    Returns:
        SHA-256 (hex); "" where there is none but those of `OF_THE_KIT`.
    """
    own = {path.removeprefix("../").partition("/")[0].removesuffix(".py") for path in code.files}
    sources = [content for path, content in code.files.items() if path.endswith(".py")]
    names = sorted({name for source in sources for name in _imported(source)} - own)
    digest = hashlib.sha256()
    places = [str(each) for each in package_folders()]
    found = [(name, spec) for name in names if (spec := PathFinder.find_spec(name, places))]
    for name, spec in found:
        digest.update(f"package {name} ".encode())
        for relative, path in _files(spec):
            digest.update(f"{relative} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest() if found else ""


def _imported(source: bytes) -> Iterator[str]:
    """Yield the packages that a file names in its imports, without those that count elsewhere."""
    tree = parsed(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module]
        else:
            continue
        for module in modules:
            name = module.partition(".")[0]
            if name not in OF_THE_KIT | {PACKAGE} and name not in sys.stdlib_module_names:
                yield name


def _files(spec: ModuleSpec) -> Iterator[tuple[str, Path]]:
    """Yield the files of a package by their path in it, or that of a module."""
    if spec.submodule_search_locations is None:
        if spec.origin is not None:
            yield "", Path(spec.origin)
        return
    for folder in map(Path, spec.submodule_search_locations):
        for path in sorted(folder.rglob("*.py")):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path
