"""How far a submission's process is kept apart, in tiers; which one ran is part of every record.

A tier turns a command into the command that is really started. "process" is what every machine
has: a process tree of its own, a cleaned environment and resource limits. It protects against
mistakes, not against malice: the code runs under the user's own account. A tier that does more is
one more class here.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from scorer.engines.base import worker_environment

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT")
"""Variables that a submission's process keeps; everything else, secrets included, is left out."""


class Sandbox(ABC):
    """One tier of isolation."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def command(self, command: Sequence[str], folder: Path) -> list[str]:
        """Return the command to start, given the one wanted and the only folder it may write."""

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the whole environment of the process."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return worker_environment(
            {**kept, "HOME": str(folder), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        )
