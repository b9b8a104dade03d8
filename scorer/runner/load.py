"""From what a user types after METHOD to a file, its identity and what it says of itself."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from scorer.errors import UsageError, unknown_name
from scorer.files import Damaged, DiskError, read_regular
from scorer.runner.child.preload import parsed
from scorer.runner.imports import shared_modules
from scorer.settings import PROJECT_ROOT, home

BASELINES = PROJECT_ROOT / "baselines"
SUBMISSIONS = (PROJECT_ROOT / "submission", home() / "submission")
"""The one that comes with the project and the user's own; in a checkout they are one folder."""
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
    """A file that is to be scored.

    Attributes:
        name: of the method, for tables and folders.
        path: where the file lies.
        source: its bytes.
        sha256: of the file together with every module of `baselines` that it imports.
    """

    name: str
    path: Path
    source: bytes
    sha256: str

    @classmethod
    def read(cls, path: Path, baselines: Path = BASELINES) -> Submission:
        """Read a submission from its file; `baselines` is where the modules lie that it shares.

        Raises:
            UsageError: its name is taken or cannot be shown, or it is no regular file.
        """
        problem = name_problem(path.name)
        if problem:
            raise UsageError(f"{path.name!r} {problem}; rename the file")
        source = read_source(path)
        digest = hashlib.sha256(source)
        for shared in shared_modules(source, baselines):
            digest.update(shared.read_bytes())
        return cls(path.stem, path, source, digest.hexdigest())

    @property
    def shown_path(self) -> str:
        """Return the path as a person reads it: relative where it lies in the project."""
        if self.path.is_relative_to(PROJECT_ROOT):
            return str(self.path.relative_to(PROJECT_ROOT))
        return str(self.path)


RESERVED = {*REFERENCES, "ceiling", "floor", "oracle", "control"}
"""Names of rows of the kit on a leaderboard, and of the models that they stand for."""

MOST_NAME_BYTES = 100
"""Of a method's name, which becomes part of the names of folders."""

MOST_SOURCE_BYTES = 16 * 2**20


def name_problem(file_name: str) -> str:
    """Return what is wrong with the name of a submission's file, empty where nothing is.

    Capitals, width and accents as one or two characters make no other name here.

    Args:
        file_name: with its ".py".
    """
    name = Path(file_name).stem
    if not name.isprintable() or name != name.strip() or name.startswith(".") or not name:
        return "must be a printable name that begins and ends with a character to be seen, no dot"
    if len(name.encode()) > MOST_NAME_BYTES:
        return f"must be a name of at most {MOST_NAME_BYTES} bytes, got {len(name.encode())}"
    if unicodedata.normalize("NFKC", name).casefold() in RESERVED:
        return f"must not have the name of a row of the kit: {', '.join(sorted(RESERVED))}"
    return ""


def read_source(path: Path) -> bytes:
    """Return the bytes of a submission's file, or of one that a link leads to.

    Raises:
        UsageError: it is not there or may not be read, is no regular file, or is far too large.
    """
    try:
        return read_regular(path.resolve(), MOST_SOURCE_BYTES)
    except (OSError, RuntimeError, Damaged, DiskError) as error:
        raise UsageError(f"{path} cannot be scored: {error}") from error


def method_files() -> dict[str, Path]:
    """Return every method that can be named: baselines, and what lies in `submission/`."""

    files: dict[str, Path] = {}
    for folder in (BASELINES, *SUBMISSIONS):
        files |= methods_in(folder)
    return files


def methods_in(folder: Path) -> dict[str, Path]:
    """Return the methods in a folder by name: all modules but `common` and those with "_" before.

    The folder is not imported for it: what lies in it is not the kit's code.
    """
    return {
        path.stem: path
        for path in sorted(folder.glob("*.py"))
        if not path.stem.startswith("_") and path.stem != "common"
    }


def find_method(method: str | None) -> Submission | str:
    """Return a row that the kit makes itself by its name, any other method as its submission.

    Raises:
        UsageError: there is no such method or file.
    """
    return method if method in REFERENCES else find_submission(method)


def find_submission(method: str | None) -> Submission:
    """Return the submission of that name or path; None means `submission/unlearn.py`.

    A file in `submission/` hides a baseline of the same name.

    Raises:
        UsageError: there is no such method or file, or it is a row of the kit itself.
    """
    if not method:
        method = "unlearn"
    files = method_files()
    if method in files:
        return Submission.read(files[method])
    path = Path(method)
    if path.suffix == ".py" or "/" in method:
        if os.path.lexists(path):
            return Submission.read(path.parent.resolve() / path.name)
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
    problem = name_problem(path.name)
    if problem:
        return Description(f"(the name {problem})")
    try:
        tree = parsed(read_source(path))
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
