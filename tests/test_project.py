"""The project itself: what is installed and pinned, files short, layers kept apart."""

from __future__ import annotations

import ast
import pkgutil
import re
import sys
import tomllib
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement

from scorer.settings import PROJECT_ROOT

PYPROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())
PACKAGES = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
MODULES = [path for package in PACKAGES for path in sorted((PROJECT_ROOT / package).rglob("*.py"))]
METHODS = ("baselines", "submission")
LEAVES = {"scorer.errors", "scorer.limits", "scorer.registry", "scorer.settings"}
"""Modules that any layer but the methods may import; they import each other and nothing more."""


def imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def requirements(text: str) -> dict[str, Requirement]:
    """Return requirements by name, one a line, comments left out."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


def test_every_requirement_has_one_pin_within_its_range() -> None:
    project = PYPROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = requirements("\n".join(line for lines in lists for line in lines))
    pins = requirements((PROJECT_ROOT / "constraints.txt").read_text())
    assert pins.keys() == wanted.keys()
    for name, pin in pins.items():
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert exact.version in wanted[name].specifier


def test_conda_installs_the_project_by_the_same_files() -> None:
    conda = (PROJECT_ROOT / "environment.yml").read_text()
    _, _, by_pip = conda.partition("- pip:\n")
    assert [line.strip() for line in by_pip.splitlines()] == [
        "- --constraint constraints.txt",
        "- --editable .[dev,submissions]",
    ]
    (python,) = re.findall(r"- python=(\S+)", conda)
    assert python in Requirement(f"python{PYPROJECT['project']['requires-python']}").specifier


def test_the_console_script_is_the_command_line() -> None:
    (script,) = PYPROJECT["project"]["scripts"].values()
    assert isinstance(pkgutil.resolve_name(script), click.Group)


def test_all_packages_but_the_tests_are_installed() -> None:
    found = {path.parent.name for path in PROJECT_ROOT.glob("*/__init__.py")}
    assert found - {"tests"} == set(PACKAGES)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PROJECT_ROOT)))
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    assert ast.get_docstring(ast.parse(text))


def forbidden(path: Path) -> tuple[str, ...]:
    """Return the prefixes of modules that a file must not import."""
    part = path.relative_to(PROJECT_ROOT).parts
    if part[0] in METHODS:
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
        "reports": ("scorer.training", "scorer.oracles", "scorer.runner", "scorer.pipeline",
                    "scorer.cli"),
        "results": ("scorer.training", "scorer.tasks", "scorer.oracles", "scorer.runner",
                    "scorer.engines", "scorer.cli"),
    }.get(part[1], ())  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PROJECT_ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    allowed = set() if path.relative_to(PROJECT_ROOT).parts[0] in METHODS else LEAVES
    names = imports_of(path) - allowed
    assert not {name for name in names if name.startswith(forbidden(path) or ("\0",))}


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_leaves_need_the_standard_library_alone(name: str) -> None:
    names = imports_of(PROJECT_ROOT / f"{name.replace('.', '/')}.py") - LEAVES
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_no_two_modules_of_data_prep_import_each_other() -> None:
    wanted = {
        f"data_prep.{path.stem}": {
            name for name in imports_of(path) if name.startswith("data_prep.")
        }
        for path in (PROJECT_ROOT / "data_prep").glob("[!_]*.py")
    }
    while free := [name for name, needs in wanted.items() if not needs & wanted.keys()]:
        for name in free:
            del wanted[name]
    assert not wanted, "these import each other in a circle"
