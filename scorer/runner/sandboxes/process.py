"""The tier that every machine has: another process, nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from scorer.runner.program import interpreter_folders
from scorer.runner.sandboxes.base import Sandbox
from scorer.settings import PROJECT_ROOT, home

SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/opt", "/etc", "/nix/store", "/snap"),
    *("/dev", "/proc", "/sys", "/run", "/var/lib", "/var/cache"),
    *("/System", "/Library", "/private/etc", "/private/var/db"),
)
"""Where Linux and macOS keep what is of the system and nobody's own."""


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

    def confined_to(self, folder: Path) -> dict[str, bool] | None:
        """See `Sandbox.confined_to`: the user's own files are not for runs, wherever they lie."""
        own = [PROJECT_ROOT, home(), Path.cwd()]
        with suppress(RuntimeError):  # a user without a home
            own.append(Path.home())
        seen = (*map(Path, SYSTEM), *interpreter_folders(), folder / "program", folder / "in")
        return {str(each): False for each in own} | {str(each): True for each in seen}
