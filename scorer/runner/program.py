"""The program that runs submissions, put together where a run can see it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scorer.runner.imports import shared_modules
from scorer.settings import PROJECT_ROOT

PACKAGE = "unlearning_child"
"""What the folder `child` is called there."""

BESIDE = {"networks.py": "models.py", "multiply_adds.py": "multiply_adds.py"}
"""Modules that lie beside it, and the files of `scorer/training/` that they are."""

START = (
    "import os, sys; sys.path.insert(0, os.path.abspath(sys.argv[1]));"
    " from {module} import main; main()"
)

KIT_PACKAGES = ("scorer", "data_prep", "baselines", "submission")
"""Folders among installed packages that a run does not see, where the kit is installed there."""


def install_program(folder: Path, job: dict[str, Any]) -> None:
    """Write the program and what it is told at its start to `folder/program`.

    Args:
        folder: that becomes the working folder of the process.
        job: JSON values.
    """
    program, root = folder / "program", PROJECT_ROOT / "scorer"
    own = program / PACKAGE
    own.mkdir(parents=True, exist_ok=True)
    for path in (root / "runner" / "child").glob("*.py"):
        shutil.copyfile(path, own / path.name)
    for name, source in BESIDE.items():
        shutil.copyfile(root / "training" / source, program / name)
    (program / "job.json").write_text(json.dumps(job))


def install_source(folder: Path, source: bytes, baselines: Path) -> None:
    """Write a submission and copies of the baselines' modules that it imports to `folder/source`.

    Args:
        folder: what runs may read.
        source: of the submission.
        baselines: where the package lies whose modules it may share.
    """
    place = folder / "source"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "submission_under_test.py").write_bytes(source)
    shared = shared_modules(source, baselines)
    if shared:
        package = place / baselines.name
        package.mkdir()
        for path in (baselines / "__init__.py", *shared):
            shutil.copyfile(path, package / path.name)


def start_command(module: str, *arguments: str) -> list[str]:
    """Return the command that starts a module of the program in the folder that it lies in.

    Args:
        module: of the child, whose `main` is called.
        arguments: behind the program's own folder.
    """
    start = START.format(module=f"{PACKAGE}.{module}")
    return [sys.executable, "-I", "-B", "-c", start, "program", *arguments]


def package_folders(folders: Sequence[str] | None = None) -> list[Path]:
    """Return where packages are imported from, in this order, without the kit's own checkout.

    Args:
        folders: to choose from; `sys.path` by default.
    """
    found = (Path(each).absolute() for each in (sys.path if folders is None else folders) if each)
    return [each for each in dict.fromkeys(found) if each.is_dir() and not _is_checkout(each)]


def _is_checkout(folder: Path) -> bool:
    """Tell whether the kit is imported from a folder that holds no other packages."""
    has_kit = (folder / "scorer" / "runner").is_dir()
    return has_kit and not (folder / "torch").is_dir()


def interpreter_folders() -> list[Path]:
    """Return the folders that the interpreter, its libraries and all packages lie in.

    None of them lies in another.
    """
    prefixes = (sys.base_prefix, sys.prefix, Path(sys.executable).resolve().parents[1])
    every = {Path(each).absolute() for each in prefixes} | set(package_folders())
    return sorted(each for each in every if not any(other in each.parents for other in every))
