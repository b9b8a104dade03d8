"""The names of what can be wrong with a submission, and what each one means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FAULTS = {
    "bad_archive": "the zip that was handed in does not hold one Python file and nothing else",
    "import_error": "the file could not be imported",
    "bad_signature": "the file has no function unlearning(net, retain, forget, val)",
    "raised": "unlearning() raised an exception",
    "needs_retain": "unlearning() asked for retain data in a scenario that has none",
    "bad_return": "unlearning() returned neither a module nor None",
    "shape_mismatch": "the returned network has other parameters, shapes or dtypes",
    "non_finite": "the returned network has NaN or infinite weights or outputs",
    "timeout": "a run took longer than the hard limit",
    "out_of_memory": "a run asked for more memory than it may have",
    "killed": "the process of a run ended without a word",
    "tampered": "a run changed files that are not its own",
}


@dataclass(frozen=True)
class Fault:
    """What went wrong in one run.

    Attributes:
        fault: a name in `FAULTS`.
        message: the error and where it arose.
        trace: the last lines of the traceback that lie in the submission's own file.
        run: which run, counted from 0.
        kind: "run", or "audit" for the run whose arithmetic was counted.
    """

    fault: str
    message: str
    trace: str = ""
    run: int = 0
    kind: str = "run"

    def describe(self) -> str:
        """Return the fault as a person reads it."""
        which = f"run {self.run}" if self.kind == "run" else "the audited run"
        lines = f"{self.fault}: {FAULTS[self.fault]} ({which})\n{self.message}"
        return f"{lines}\n{self.trace}" if self.trace else lines

    def as_facts(self) -> dict[str, Any]:
        """Return what the manifest of a failed run holds; `of_manifest` reads it."""
        return {"fault": asdict(self)}

    @classmethod
    def of_manifest(cls, manifest: Mapping[str, Any]) -> Fault | None:
        """Return the fault that an outcome is, None for a run that ended well."""
        return Fault(**manifest["fault"]) if "fault" in manifest else None
