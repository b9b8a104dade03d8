"""The tier that every machine has: another process, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from scorer.runner.sandboxes.base import Sandbox


class ProcessSandbox(Sandbox):
    """Another process, nothing more."""

    name: ClassVar[str] = "process"
    summary: ClassVar[str] = (
        "own process tree, cleaned environment, resource limits; against mistakes, not malice"
    )
    is_open: ClassVar[bool] = True

    def command(
        self, command: Sequence[str], folder: Path, device: str, memory_mib: float
    ) -> list[str]:
        """Return the command as it is."""
        del folder, device, memory_mib
        return list(command)
