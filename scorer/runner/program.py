"""The program that runs submissions, put together where a run can see it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scorer.errors import ScorerError
from scorer.runner.child.preload import FOLDERS
from scorer.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from scorer.runner.adapt import Code

PACKAGE = "unlearning_child"
"""What the folder `child` is called there."""

SUBMISSION = "submission_under_test"
"""The folder and package of a submission there, which `child.submission` names too."""

BESIDE = {
    "networks/models.py": "models.py",
    "networks/families.py": "families.py",
    "multiply_adds.py": "multiply_adds.py",
}
"""Modules that lie beside it, and the files of `scorer/training/` that they are."""

START = (
    "import os, sys; sys.path.insert(0, os.path.abspath('program'));"
    " sys.path += [each for each in {folders} if each not in sys.path];"
    " from {module} import main; main()"
)
"""An isolated interpreter looks for packages in its own folders alone; others are told to it."""

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
    (program / "networks").mkdir(exist_ok=True)
    for name, source in BESIDE.items():
        shutil.copyfile(root / "training" / source, program / name)
    (program / "job.json").write_text(json.dumps(job))


def install_code(folder: Path, code: Code, baselines: Path) -> None:
    """Write a submission and copies of the baselines' modules that it imports to `folder/source`.

    Args:
        folder: what runs may read.
        code: of the submission.
        baselines: where the package lies whose modules it may share.
    """
    place = folder / "source"
    shutil.rmtree(place, ignore_errors=True)
    for path, content in code.files.items():
        copy = Path(os.path.normpath(place / SUBMISSION / path))
        if not copy.is_relative_to(place):
            raise ScorerError(f"a file of a submission must lie in its folder, got {path!r}")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    shared = code.shared(baselines)
    if shared:
        package = place / baselines.name
        package.mkdir(exist_ok=True)
        for module in (baselines / "__init__.py", *shared):
            shutil.copyfile(module, package / module.name)


def start_command(module: str, *arguments: str) -> list[str]:
    """Return the command that starts a module of the program in the folder that it lies in.

    Args:
        module: of the child, whose `main` is called.
        arguments: for it.
    """
    folders = [str(each) for each in package_folders()]
    start = START.format(folders=folders, module=f"{PACKAGE}.{module}")
    return [sys.executable, "-I", "-B", "-c", start, *arguments]


def package_folders() -> list[Path]:
    """Return the folders that packages are installed in, in the order of `sys.path`.

    Whatever else is on that path, a checkout or a folder of somebody's own, is not for runs to see.
    """
    found = (Path(each).absolute() for each in sys.path if Path(each).name in FOLDERS)
    return [each for each in dict.fromkeys(found) if each.is_dir()]


def installed_kit() -> list[Path]:
    """Return the kit's folders where it lies among installed packages: runs are not to see them.

    As they lie on disk, whatever links lead there.
    """
    places = [each.resolve() for each in package_folders() if (each / "scorer" / "runner").is_dir()]
    every = (each / name for each in dict.fromkeys(places) for name in KIT_PACKAGES)
    return [each for each in every if each.is_dir()]


def interpreter_folders() -> list[Path]:
    """Return the folders that the interpreter, its libraries and all packages lie in.

    Those that are links stand there with what they lead to. None lies in another.
    """
    prefixes = (sys.base_prefix, sys.prefix, Path(sys.executable).resolve().parents[1])
    every = {Path(each).absolute() for each in prefixes} | set(package_folders())
    every |= {each.resolve() for each in every}
    return sorted(each for each in every if not any(other in each.parents for other in every))
