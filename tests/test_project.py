"""The project itself: pins in one place, files short, layers kept apart."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from scorer.settings import PROJECT_ROOT

MODULES = [
    path
    for package in ("scorer", "baselines", "data_prep", "submission")
    for path in sorted((PROJECT_ROOT / package).rglob("*.py"))
]


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_conda_and_pip_install_the_same_versions() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    pins = {*project["dependencies"], *project["optional-dependencies"]["dev"]}
    conda = (PROJECT_ROOT / "environment.yml").read_text()
    assert set(re.findall(r"^ +- (\S+==\S+)$", conda, re.MULTILINE)) == pins
    assert all("==" in pin for pin in pins)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PROJECT_ROOT)))
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    assert ast.get_docstring(ast.parse(text))


def forbidden(path: Path) -> tuple[str, ...]:
    """Return the prefixes of modules that a file must not import."""
    part = path.relative_to(PROJECT_ROOT).parts
    if part[0] in ("baselines", "submission"):
        return ("scorer", "data_prep")
    if part[0] == "data_prep":
        return ("scorer", "torch.")
    return {
        "metric": ("torch", "scorer.training", "scorer.tasks", "scorer.oracles", "scorer.runner",
                   "scorer.results", "scorer.engines", "scorer.cli", "data_prep"),
        "training": ("scorer.tasks", "scorer.oracles", "scorer.runner", "scorer.results",
                     "scorer.cli", "data_prep"),
        "tasks": ("scorer.oracles", "scorer.runner", "scorer.results", "scorer.cli"),
        "oracles": ("scorer.runner", "scorer.results", "scorer.cli"),
        "runner": ("scorer.results", "scorer.cli"),
        "measures": ("torch", "scorer.training", "scorer.tasks", "scorer.runner",
                     "scorer.results", "scorer.engines", "scorer.cli", "data_prep"),
        "results": ("scorer.training", "scorer.tasks", "scorer.oracles", "scorer.runner",
                    "scorer.engines", "scorer.cli"),
    }.get(part[1], ())  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PROJECT_ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    wrong = {name for name in imports_of(path) if name.startswith(forbidden(path) or ("\0",))}
    assert not wrong


def test_the_message_about_ray_names_the_pinned_release() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    text = (PROJECT_ROOT / "scorer" / "engines" / "ray.py").read_text()
    (pin,) = project["optional-dependencies"]["ray"]
    assert f'RAY_PIN = "{pin}"' in text
