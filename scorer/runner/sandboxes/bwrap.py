"""The tier of namespaces, by bubblewrap: the server sees a small system of its own.

It has no network, no processes but its own, and of the machine's files the interpreter, packages
and what the kit gives it. Where the kit runs as root, the server starts as root with two privileges
left, changes to a user of its own and loses them; else a namespace of users does the same. Each run
locks itself in on top. The server is the first process in its namespace: no run can end or stop it,
and at the end of a run it ends all others at once.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from scorer.runner.program import installed_kit, interpreter_folders
from scorer.runner.sandboxes.base import Sandbox, gpu_nodes

SEEN_AT = "/kit"
"""Where the process finds the folder that it is given."""

LAUNCHER = "bwrap"
USERS, FIRST_USER = 4096, 61184
"""Numbers that systems keep for users who exist for a while only."""

TMP_MIB, SHARED_PART = 256, 0.5
MIB = 2**20

SYSTEM_FOLDERS = ("/usr", "/nix/store")
SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")


class BwrapSandbox(Sandbox):
    """A system of its own, made by bubblewrap."""

    name: ClassVar[str] = "bwrap"
    summary: ClassVar[str] = (
        "namespaces by bubblewrap, and each run shut in: sees packages and its own files, no more"
    )
    rank: ClassVar[int] = 2
    has_namespaces: ClassVar[bool] = True

    def __init__(self) -> None:
        """Choose a user that nobody else is, where the kit may."""
        self.user = FIRST_USER + os.getpid() % USERS if os.geteuid() == 0 else None

    def command(
        self, command: Sequence[str], folder: Path, device: str, memory_mib: float
    ) -> list[str]:
        """See `Sandbox.command`."""
        packages = [each for each in interpreter_folders() if not _is_in(each, SYSTEM_FOLDERS)]
        kit = [folder / name for name in ("program", "in", "out")]
        # Folders on the way to others are made as they are seen: nobody but root enters those that
        # bubblewrap makes by itself.
        ways = [Path(SEEN_AT), Path("/etc"), *(each.parent for each in packages)]
        return [
            *(LAUNCHER, "--die-with-parent", "--new-session", "--as-pid-1", *self._identity()),
            *("--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts"),
            *("--unshare-cgroup-try", "--hostname", "run", "--tmpfs", "/"),
            *_memory_folder("/tmp", TMP_MIB),
            *(part for way in ways for part in _way(way)),
            *(part for each in SYSTEM_LINKS for part in _link(Path(each))),
            *(part for each in SYSTEM_FOLDERS + SYSTEM_FILES for part in _bind_if_there(each)),
            *(part for each in packages for part in _as_it_is(each)),
            *(part for each in installed_kit() for part in ("--tmpfs", str(each))),
            *("--ro-bind", str(kit[0]), f"{SEEN_AT}/program", "--ro-bind", str(kit[1])),
            *(f"{SEEN_AT}/in", "--bind", str(kit[2]), f"{SEEN_AT}/out"),
            *("--proc", "/proc", "--dev", "/dev"),
            *_memory_folder("/dev/shm", SHARED_PART * memory_mib),
            *_gpu(device),
            *("--remount-ro", "/", "--chdir", SEEN_AT),
            *command,
        ]

    def _identity(self) -> list[str]:
        """Return the options for who the process is and what it may do."""
        nothing = ["--cap-drop", "ALL"]
        if self.user is not None:
            return [*nothing, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        number = str(FIRST_USER)
        return ["--unshare-user", "--uid", number, "--gid", number, *nothing]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment; what the process writes itself goes to its own `/tmp`."""
        return {**super().environment(folder), "HOME": "/tmp", "TMPDIR": "/tmp"}

    def lock(self, folder: Path, device: str) -> dict[str, Any] | None:
        """See `Sandbox.lock`; everything that there is to see may be read."""
        del folder
        writable = ["/tmp", "/dev/shm", *gpu_nodes(device)]
        return {"readable": ["/"], "writable": writable, "needs_landlock": False}

    def private_folders(self) -> list[str]:
        """See `Sandbox.private_folders`."""
        return ["/tmp", "/dev/shm"]

    def counts_processes(self) -> bool:
        """See `Sandbox.counts_processes`; a namespace of users counts its own since Linux 5.14."""
        release = re.match(r"(\d+)\.(\d+)", os.uname().release)
        is_new = release is not None and tuple(map(int, release.groups())) >= (5, 14)
        return self.user is not None or is_new

    def lacks(self) -> str:
        """See `Sandbox.lacks`."""
        if sys.platform != "linux":
            return f"bubblewrap is of Linux, and this is {sys.platform}"
        if shutil.which(LAUNCHER) is None:
            return "bubblewrap is not installed (Debian and Ubuntu: apt-get install bubblewrap)"
        return ""


def _is_in(path: Path, folders: Sequence[str]) -> bool:
    """Tell whether a path is one of some folders or lies in one."""
    return any(path.is_relative_to(each) for each in folders)


def _way(folder: Path) -> list[str]:
    """Return the options that make a folder and those above it, open to all."""
    every = [*reversed(folder.parents), folder][1:]
    return [part for each in every for part in ("--perms", "0755", "--dir", str(each))]


def _memory_folder(path: str, size_mib: float) -> list[str]:
    """Return the options for an empty folder in memory that everybody may write."""
    return ["--perms", "1777", "--size", str(int(size_mib * MIB)), "--tmpfs", path]


def _link(path: Path) -> list[str]:
    """Return the options for a folder that is a link on most systems."""
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return _bind_if_there(str(path))


def _as_it_is(path: Path) -> list[str]:
    """Return the options to show a folder, or a link to one that is shown too."""
    how = ["--symlink", str(path.resolve())] if path.is_symlink() else ["--ro-bind", str(path)]
    return [*how, str(path)]


def _bind_if_there(path: str) -> list[str]:
    """Return the options to show a path, if there is one."""
    return ["--ro-bind-try", path, path]


def _gpu(device: str) -> list[str]:
    """Return the options for the nodes of GPUs, and for what their driver reads."""
    if device == "cpu":
        return []
    binds = [part for each in gpu_nodes(device) for part in ("--dev-bind-try", each, each)]
    return ["--ro-bind-try", "/sys", "/sys", *binds]
