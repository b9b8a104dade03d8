"""The kit as it travels: inside the programs of a bundle, and as a starting kit to unpack."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import tomllib
import zipfile
from pathlib import Path

from scorer.errors import ScorerError
from scorer.files import zip_member
from scorer.settings import PROJECT_ROOT, is_checkout

PACKAGES = ("scorer", "data_prep", "baselines")
KEPT_DATA = ("figures", "leaderboards", "tuning")
"""Folders of what was measured, unless they are packages."""

OF_A_CHECKOUT = (
    *("Makefile", "pyproject.toml", "constraints.txt", "environment.yml", "LICENSE"),
    *("submission/__init__.py", "submission/unlearn.py"),
    *("docs/contract.md", "docs/metric.md", "docs/data.md", "docs/schema.md"),
)
"""Files of the project that a starting kit needs beside the packages."""


def copy_kit(folder: Path, root: Path = PROJECT_ROOT) -> None:
    """Copy the packages that score, and the modules that submissions share, into a folder."""
    for name in PACKAGES:
        shutil.copytree(root / name, folder / name, ignore=_left_out)


def _left_out(folder: str, names: list[str]) -> list[str]:
    """Return what of a folder is no part of a program: figures, boards and what Python left."""
    return [
        name
        for name in names
        if name == "__pycache__"
        or (name in KEPT_DATA and not Path(folder, name, "__init__.py").exists())
    ]


def write_starting_kit(path: Path, readme: str, root: Path = PROJECT_ROOT) -> None:
    """Write the zip that participants begin with: the kit as a checkout without its tests.

    Args:
        path: of the zip.
        readme: text of its README.md.
        root: of the checkout.

    Raises:
        ScorerError: the kit that runs is no checkout, so that it has no Makefile to give away.
    """
    _check(root)
    files = {name: root / name for name in OF_A_CHECKOUT}
    for package in PACKAGES:
        for each in sorted((root / package).rglob("*")):
            inside = each.relative_to(root)
            if each.is_file() and not {"__pycache__", "leaderboards"} & set(inside.parts):
                files[str(inside)] = each
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, each in files.items():
            made.writestr(zip_member(name), each.read_bytes())
        made.writestr(zip_member("README.md"), readme)


def requirements(root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the releases that the kit runs with here, by package: what a container installs.

    Raises:
        ScorerError: the kit that runs is no checkout, or a package is not installed.
    """
    _check(root)
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    found = {}
    for line in project["dependencies"]:
        name = re.split(r"[\s<>=!~;\[(]", line, maxsplit=1)[0]
        try:
            # Without the build behind "+", which only some indexes have.
            found[name] = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError as error:
            raise ScorerError(f"the package {name} must be installed; run `make env`") from error
    return dict(sorted(found.items()))


def _check(root: Path) -> None:
    """Raise where there is nothing to make a starting kit of."""
    if not is_checkout(root):
        raise ScorerError(
            f"a starting kit must be made from a checkout of the project, got {root}; clone the"
            " repository and run `python -m scorer host` there"
        )
