from __future__ import annotations

import ast
import doctest
import importlib
import pkgutil
import sys
from pathlib import Path

import pytest

import scorer.metric

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(scorer.metric.__path__, "scorer.metric.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_imports_nothing_but_numbers(name: str) -> None:
    source = importlib.import_module(name).__file__
    assert source is not None
    allowed = {"numba", "numpy", "scipy", "sklearn", *sys.stdlib_module_names}
    for node in ast.walk(ast.parse(Path(source).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [node.module or ""]
        else:
            continue
        for target in imported:
            is_own = target.startswith(("scorer.metric", "scorer.registry"))
            assert is_own or target.split(".")[0] in allowed, f"{name} imports {target}"


def test_there_are_modules_to_check() -> None:
    assert "scorer.metric.rules.competition" in MODULES
