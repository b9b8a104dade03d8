"""The tier for machines that refuse namespaces, as many containers do: each run locks itself in."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from scorer.runner.child.lock import landlock_version
from scorer.runner.program import KIT_PACKAGES, interpreter_folders, package_folders
from scorer.runner.sandboxes.base import Sandbox

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/nix/store", "/etc/ld.so.cache"),
    *("/etc/alternatives", "/etc/localtime", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group"),
    *("/sys/devices/system", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version"),
    *("/proc/sys/kernel", "/proc/sys/vm", "/proc/filesystems", "/proc/loadavg"),
)
"""What programs read of a system; other processes' folders are not among it."""

GPU_READS = ("/sys", "/proc/driver", "/proc/devices", "/proc/modules")
GPU_NODES = "nvidia*"


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
        readable = [*SYSTEM, str(folder / "program"), str(folder / "in"), *_packages()]
        writable: list[str] = []
        if device != "cpu":
            readable += GPU_READS
            writable += map(str, sorted(Path("/dev").glob(GPU_NODES)))
        return {"readable": readable, "writable": writable, "needs_landlock": True}

    def lacks(self) -> str:
        """See `Sandbox.lacks`."""
        if sys.platform != "linux":
            return f"Landlock is of Linux, and this is {sys.platform}"
        version = landlock_version()
        if version < 6:
            return f"needs Landlock 6, as Linux 6.12 and later have it, got {version}"
        return ""


def _packages() -> list[str]:
    """Return the folders of the interpreter and of packages, without the kit among them."""
    found: list[str] = []
    for folder in interpreter_folders():
        holding = [each for each in package_folders() if each == folder or folder in each.parents]
        if any((each / "scorer" / "runner").is_dir() for each in holding):
            found += _all_but_the_kit(folder, holding)
        else:
            found.append(str(folder))
    return found


def _all_but_the_kit(folder: Path, holding: Sequence[Path]) -> list[str]:
    """Return what lies in a folder, so far apart that the kit can be left out."""
    if folder in holding:
        return [str(each) for each in folder.iterdir() if each.name not in KIT_PACKAGES]
    found = []
    for each in folder.iterdir():
        is_above = any(each == one or each in one.parents for one in holding)
        found += _all_but_the_kit(each, holding) if is_above else [str(each)]
    return found
