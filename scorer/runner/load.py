"""From what a user types after METHOD to a file, its identity and what it says of itself."""

from __future__ import annotations

import ast
import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path

from scorer.errors import UsageError, unknown_name
from scorer.runner.adapt import Code, main_text, read_code
from scorer.runner.adapt.read import MAINS, NOTEBOOK, main_of
from scorer.runner.child.preload import parsed
from scorer.runner.faults import Fault
from scorer.settings import PROJECT_ROOT, home

BASELINES = PROJECT_ROOT / "baselines"
SUBMISSIONS = (PROJECT_ROOT / "submission", home() / "submission")
"""The one that comes with the project and the user's own; in a checkout they are one folder."""
ENDINGS = (".py", NOTEBOOK)
LABEL = re.compile(
    r"^(Short|Source|Year|Data|Cost|Memory|Randomness|Tuned on|Tuned|Differs):\s*(.*)$"
)

REFERENCES = {
    "original": "the original model, untouched: the floor",
    "retrain": "models retrained on retain under seeds of their own: must land on the ceiling",
}
"""Rows that the kit makes itself, without running anybody's code."""


@dataclass(frozen=True)
class Submission:
    """A file, notebook or folder that is to be scored.

    Attributes:
        name: of the method, for tables and folders.
        path: where it lies.
        code: what is run of it, and how.
        sha256: of the code together with every module of `baselines` that it imports.
    """

    name: str
    path: Path
    code: Code
    sha256: str

    @classmethod
    def read(cls, path: Path, baselines: Path = BASELINES, function: str = "") -> Submission:
        """Read a submission; `baselines` is where the modules lie that it shares.

        Args:
            path: of the file or folder.
            baselines: folder of the package of that name.
            function: which of its functions is scored, "" for `unlearning` or what is like it. One
                that is named is part of the method's name: it is a method of its own.

        Raises:
            UsageError: its name is taken or cannot be shown, or it is no regular file.
        """
        name = method_name(path) + (f".{function}" if function else "")
        problem = name_problem(name)
        if problem:
            raise UsageError(f"{path.name!r} {problem}; rename the file")
        code = read_code(path, function)
        code = replace(code, shared_sha256=code.sha256_of_shared(baselines))
        return cls(name, path, code, code.sha256(baselines))

    @property
    def source(self) -> bytes:
        """Return the Python of the file itself, as it is run."""
        return self.code.source

    @property
    def refusal(self) -> Fault | None:
        """Return the fault that shows in its text: no run of it can end well. None for no such."""
        entry = self.code.entry
        return Fault(entry.fault, f"{self.shown_file}: {entry.message}") if entry.fault else None

    @property
    def shown_path(self) -> str:
        """Return the path as a person reads it: relative where it lies in the project."""
        if self.path.is_relative_to(PROJECT_ROOT):
            return str(self.path.relative_to(PROJECT_ROOT))
        return str(self.path)

    @property
    def shown_file(self) -> str:
        """Return the path of the file itself likewise, also of one in a folder."""
        return (
            str(Path(self.shown_path, main_of(self.path)))
            if self.path.is_dir()
            else self.shown_path
        )


RESERVED = {*REFERENCES, "ceiling", "floor", "oracle", "control"}
"""Names of rows of the kit on a leaderboard, and of the models that they stand for."""

MOST_NAME_BYTES = 100
"""Of a method's name, which becomes part of the names of folders."""


def method_name(path: Path) -> str:
    """Return the name of the method that a file or folder is."""
    return path.name if path.is_dir() and path.suffix not in ENDINGS else path.stem


def name_problem(name: str) -> str:
    """Return what is wrong with the name of a method, empty where nothing is.

    Capitals, width and accents as one or two characters make no other name here.
    """
    if not name.isprintable() or name != name.strip() or name.startswith(".") or not name:
        return "must be a printable name that begins and ends with a character to be seen, no dot"
    if len(name.encode()) > MOST_NAME_BYTES:
        return f"must be a name of at most {MOST_NAME_BYTES} bytes, got {len(name.encode())}"
    if unicodedata.normalize("NFKC", name).casefold() in RESERVED:
        return f"must not have the name of a row of the kit: {', '.join(sorted(RESERVED))}"
    return ""


def method_files() -> dict[str, Path]:
    """Return every method that can be named: baselines, and what lies in `submission/`."""

    files: dict[str, Path] = {}
    for folder in (BASELINES, *SUBMISSIONS):
        files |= methods_in(folder)
    return files


def methods_in(folder: Path) -> dict[str, Path]:
    """Return the methods in a folder by name: all modules but `common` and those with "_" before.

    Notebooks are methods too, and folders with a file that can be the submission.

    The folder is not imported for it: what lies in it is not the kit's code.
    """
    # Of one name the file goes before the notebook, and this before the folder.
    folders = (each.parent for name in MAINS for each in folder.glob(f"*/{name}"))
    found = [*sorted(folders), *sorted(folder.glob(f"*{NOTEBOOK}")), *sorted(folder.glob("*.py"))]
    return {
        name: path
        for path in found
        if not (name := method_name(path)).startswith(("_", ".")) and name != "common"
    }


def find_method(method: str | None, function: str = "") -> Submission | str:
    """Return a row that the kit makes itself by its name, any other method as its submission.

    Args:
        method: as a user types it.
        function: see `Submission.read`.

    Raises:
        UsageError: there is no such method or file.
    """
    return method if method in REFERENCES else find_submission(method, function)


def find_submission(method: str | None, function: str = "") -> Submission:
    """Return the submission of that name or path; None means `submission/unlearn.py`.

    A file in `submission/` hides a baseline of the same name.

    Args:
        method: as a user types it.
        function: see `Submission.read`.

    Raises:
        UsageError: there is no such method or file, or it is a row of the kit itself.
    """
    if not method:
        method = "unlearn"
    files = method_files()
    if method in files:
        return Submission.read(files[method], function=function)
    path = Path(method)
    if path.suffix in ENDINGS or "/" in method:
        if os.path.lexists(path):
            # A path that ends with ".." or "." names a folder all the same.
            place = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
            return Submission.read(place, function=function)
        raise UsageError(f"no file {method!r}; METHOD is a name from `ls methods` or a path")
    if method in REFERENCES:
        raise UsageError(
            f"METHOD must be a file here, got {method!r}, a row that the kit makes itself; only"
            " `score` takes it"
        )
    raise unknown_name("method", method, [*files, *REFERENCES])


@dataclass(frozen=True)
class Description:
    """What a method's docstring says, by its labelled lines.

    Attributes:
        summary: the first line.
        labels: "Short", "Source", "Year", "Data", "Cost", "Memory", "Randomness", "Tuned".
    """

    summary: str = ""
    labels: dict[str, str] = field(default_factory=dict)


def describe(path: Path) -> Description:
    """Read a method's docstring without running the file; what cannot be scored says why."""
    problem = name_problem(method_name(path))
    if problem:
        return Description(f"(the name {problem})")
    try:
        tree = parsed(main_text(path).source)
    except UsageError as error:
        return Description(f"({error})")
    if tree is None:
        return Description("(cannot be parsed)")
    text = ast.get_docstring(tree) or ""
    labels: dict[str, str] = {}
    current = ""
    for line in text.splitlines()[1:]:
        match = LABEL.match(line.strip())
        if match:
            current = match[1]
            labels[current] = match[2].strip()
        elif current and line.strip():
            labels[current] += " " + line.strip()
        else:
            current = ""
    return Description(text.splitlines()[0] if text else "", labels)
