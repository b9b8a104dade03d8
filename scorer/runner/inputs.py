"""What the process for runs finds in its folder: written by the kit, and held against that."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save as to_bytes
from torch import Tensor

from scorer.files import Damaged
from scorer.runner.adapt import Code
from scorer.runner.child.leftovers import empty
from scorer.runner.load import BASELINES
from scorer.runner.program import install_code, install_program
from scorer.runner.weights import Forms, State, forms_of

SETS = Path("in", "sets.safetensors")


class Inputs:
    """The program, the sets, a submission and an original model, as files of one folder.

    Attributes:
        original: name of the original's file, another at every change: a submission is not to know
            which original of how many it was given.
        original_sha256: of its content, for the process to hold it against.
        source_sha256: of the submission, everything of it.
        forms: dtypes and shapes that a returned network must have.
        n_bytes: of the original's file.
    """

    def __init__(self, folder: Path, job: dict[str, Any], sets: Mapping[str, Tensor]) -> None:
        """Write the program and the sets.

        Args:
            folder: of the process.
            job: what it is told at its start, without the digest of the sets.
            sets: images and labels by name.
        """
        self._folder, self._job, self._sets = folder, job, sets
        self._code, self._weights = Code({}), b""
        self.original = self.original_sha256 = self.source_sha256 = ""
        self.forms: Forms = {}
        self.n_bytes = 0
        (folder / "in").mkdir(parents=True)
        (folder / "out").mkdir()
        self.restore()

    def restore(self) -> None:
        """Write everything anew, whatever is there now; the process has to be started again."""
        content = to_bytes(dict(self._sets))
        for part in ("in", "program"):
            if (self._folder / part).is_dir():
                empty(self._folder / part)
        digest = hashlib.sha256(content).hexdigest()
        install_program(self._folder, {**self._job, "sets_sha256": digest})
        (self._folder / SETS).write_bytes(content)
        if self.source_sha256:
            self._install()
        if self.original:
            (self._folder / "in" / self.original).write_bytes(self._weights)
        self._written = self._facts()

    @property
    def told(self) -> dict[str, Any]:
        """Return what a run is told of the submission, as JSON values."""
        return {"main": self._code.main, "entry": self._code.entry.as_facts()}

    def set_code(self, code: Code) -> None:
        """Put another submission into the place of the one that is there.

        Raises:
            Damaged: see `_install`.
        """
        self._code, self.source_sha256 = code, hashlib.sha256(code.to_bytes()).hexdigest()
        self._install()
        self._written = self._facts()

    def _install(self) -> None:
        """Write the submission and what it shares with baselines, if that is what it was.

        Raises:
            Damaged: somebody changed a module of `baselines` since the submission was read: under
                its name others would be run.
        """
        install_code(self._folder / "in", self._code, BASELINES)
        wanted, copies = self._code.shared_sha256, self._folder / "in" / "source" / BASELINES.name
        if wanted and self._code.sha256_of_shared(copies) != wanted:
            raise Damaged(
                f"what a submission imports of {BASELINES} must stay as it is while it is run, and"
                " was changed; call it again, for all runs by what is there now"
            )

    def set_original(self, weights: State) -> None:
        """Put another original model into the place of the one that is there."""
        if self.original:
            (self._folder / "in" / self.original).unlink(missing_ok=True)
        self.original = f"original-{secrets.token_hex(8)}.safetensors"
        self._weights = to_bytes(dict(weights))
        self.original_sha256 = hashlib.sha256(self._weights).hexdigest()
        self.forms, self.n_bytes = forms_of(self._weights), len(self._weights)
        (self._folder / "in" / self.original).write_bytes(self._weights)
        self._written = self._facts()

    def are_touched(self) -> bool:
        """Tell whether a file was changed, added or removed since the kit wrote them."""
        return self._facts() != self._written

    def _facts(self) -> dict[Path, tuple[int, ...]]:
        """Return what shows that a file was touched.

        The time of a change of the file's own entry is among it, which nobody can set; and the
        process holds what it loads against a digest.
        """
        found: dict[Path, tuple[int, ...]] = {}
        for part in ("in", "program"):
            for path in self._folder.joinpath(part).rglob("*"):
                entry = path.lstat()
                times = entry.st_mtime_ns, entry.st_ctime_ns
                found[path] = (entry.st_ino, entry.st_size, *times)
        return found
