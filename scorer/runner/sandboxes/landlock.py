"""The tier for machines that refuse namespaces, as many containers do: each run locks itself in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from scorer.runner.child.lock import landlock_version
from scorer.runner.program import installed_kit, interpreter_folders
from scorer.runner.sandboxes.base import Sandbox, gpu_nodes

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/nix/store", "/etc/ld.so.cache"),
    *("/etc/alternatives", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group"),
    *("/sys/devices/system", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version"),
    *("/proc/sys/kernel", "/proc/sys/vm", "/proc/filesystems", "/proc/loadavg"),
)
"""What programs read of a system; other processes' folders are not among it."""

GPU_READS = ("/sys", "/proc/driver", "/proc/devices", "/proc/modules")


class LandlockSandbox(Sandbox):
    """Another process whose runs lock themselves in with Landlock and seccomp."""

    name: ClassVar[str] = "landlock"
    summary: ClassVar[str] = (
        "each run shut in by Landlock and seccomp: no file, network or process but its own"
    )
    rank: ClassVar[int] = 1

    def command(
        self, command: Sequence[str], folder: Path, device: str, memory_mib: float
    ) -> list[str]:
        """Return the command as it is: the runs do the rest."""
        del folder, device, memory_mib
        return list(command)

    def lock(self, folder: Path, device: str) -> dict[str, Any] | None:
        """See `Sandbox.lock`."""
        readable = [*_system(), str(folder / "program"), str(folder / "in")]
        if device != "cpu":
            readable += GPU_READS
        return {"readable": readable, "writable": gpu_nodes(device), "needs_landlock": True}

    def lacks(self) -> str:
        """See `Sandbox.lacks`."""
        if sys.platform != "linux":
            return f"Landlock is of Linux, and this is {sys.platform}"
        version = landlock_version()
        if version < 6:
            return f"needs Landlock 6, as Linux 6.12 and later have it, got {version}"
        return ""


def _system() -> list[str]:
    """Return what is read of the system, interpreter and packages, without the kit among them."""
    hidden = installed_kit()
    every = dict.fromkeys(each.resolve() for each in (*map(Path, SYSTEM), *interpreter_folders()))
    return [path for each in every for path in _without(each, hidden)]


def _without(path: Path, hidden: Sequence[Path]) -> list[str]:
    """Return a path, or what lies below it, so far apart that some folders can be left out."""
    # A link would open what it leads to; that is named by itself, where it may be read.
    if path in hidden or path.is_symlink():
        return []
    if not any(path in each.parents for each in hidden):
        return [str(path)]
    return [one for each in path.iterdir() for one in _without(each, hidden)]
