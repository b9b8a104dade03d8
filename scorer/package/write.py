"""Package a method as one file, checked as any submission before it is written."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scorer.engines.base import Progress
from scorer.errors import UsageError
from scorer.files import delete, written_folder, zip_member
from scorer.machine import kit_version
from scorer.options import Options
from scorer.package.inline import inlined
from scorer.package.manifest import licence_of, manifest
from scorer.pipeline import Scored, score
from scorer.runner.load import BASELINES, Submission
from scorer.temporary import new_folder

MANIFEST = "manifest.json"
ZIP = "submission.zip"

MEASURES = ("utility", "time", "compute", "budget")


@dataclass(frozen=True)
class Package:
    """A method as it is handed in.

    Attributes:
        content: the one file.
        scored: outcome of its check; nothing may be written where it has faults.
        facts: JSON values of its manifest.
    """

    content: bytes
    scored: Scored
    facts: dict[str, Any]

    def write(self, folder: Path) -> list[Path]:
        """Write the file, its manifest and a zip of both, and return the paths.

        Raises:
            DiskError: the disk is full or not writable.
        """
        name = self.facts["file"]
        said = (json.dumps(self.facts, indent=1) + "\n").encode()
        contents = {name: self.content, MANIFEST: said}
        contents[ZIP] = zipped(contents)
        with written_folder(folder, "package", contents) as aside:
            for each in contents:
                (aside / each).replace(folder / each)
        return [folder / each for each in contents]


def package_file(submission: Submission, options: Options, progress: Progress) -> Package:
    """Return a method as one file that stands alone, tried on the task that the options name.

    Args:
        submission: any file that can be scored.
        options: as of a check.
        progress: called with (what, done, total).

    Raises:
        UsageError: what it takes of `baselines` cannot be written into it.
    """
    where = submission.shown_path
    if submission.code.others:
        others = ", ".join(submission.code.others)
        raise UsageError(f"{where} must stand alone to be packaged, got {others} beside it")
    content = inlined(submission.source, where, BASELINES, kit_version())
    alone = _read(content, submission)
    (scored,) = score([alone], options, progress, MEASURES)
    record = scored.record
    checked = {
        "runs": record.n_models,
        "test_accuracy": None if record.faults else record.accuracy["test"],
        "time_ratio": record.time_ratio,
        "compute_ratio": record.compute_ratio,
        "budget_verdict": record.budget_verdict,
        "sandbox": record.sandbox,
    }
    licence = licence_of(content, is_baseline=submission.path.is_relative_to(BASELINES))
    facts = manifest(record, content, f"{submission.name}.py", licence=licence, checked=checked)
    return Package(content, scored, facts)


def _read(content: bytes, submission: Submission) -> Submission:
    """Return a file that is not written yet as a submission, under the path of its source."""
    aside = new_folder()
    path = aside / f"{submission.name}.py"
    path.write_bytes(content)
    try:
        return dataclasses.replace(Submission.read(path), path=submission.path)
    finally:
        delete(aside)


def zipped(contents: Mapping[str, bytes]) -> bytes:
    """Return a zip of files; equal contents give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in contents.items():
            made.writestr(zip_member(name), content)
    return buffer.getvalue()
