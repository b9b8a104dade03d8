"""How far a submission's process is kept apart, in tiers; which one ran is part of every record.

A tier turns the command that starts the server of runs into the one that is really started, and
says how each run locks itself in (`scorer.runner.child.lock`). A tier that does more is one more
class here; `scorer.runner.tiers` tries whether it holds on this machine.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from scorer.engines.base import worker_environment

PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT")
"""Variables that a submission's process keeps; everything else, secrets included, is left out."""


class Sandbox(ABC):
    """One tier of isolation, for one process.

    Attributes:
        rank: how much it keeps apart; the best that works is the one of the highest.
        has_namespaces: whether a run sees no process, network or file of the machine at all.
        is_open: whether code may do what its user can: such a tier is not put to the trial.
        user: whom runs belong to where that is not the kit's own user.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    rank: ClassVar[int] = 0
    has_namespaces: ClassVar[bool] = False
    is_open: ClassVar[bool] = False
    user: int | None = None

    @abstractmethod
    def command(
        self, command: Sequence[str], folder: Path, device: str, memory_mib: float
    ) -> list[str]:
        """Return the command to start.

        Args:
            command: the one wanted; it expects `folder` as its working folder.
            folder: holds `program` and `in`, to read, and `out`, to write.
            device: "cpu" or a CUDA device, whose nodes the process needs then.
            memory_mib: that runs may take, of which a part in memory that looks like files.
        """

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the whole environment of the process."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        home = str(folder)
        return worker_environment(
            {**kept, "HOME": home, "TMPDIR": home, "PYTHONDONTWRITEBYTECODE": "1"}
        )

    def lock(self, folder: Path, device: str) -> dict[str, Any] | None:
        """Return what a run leaves itself when it locks itself in, None where it does not.

        Returns:
            `readable` and `writable`, paths as the process sees them, and `needs_landlock`.
        """
        del folder, device
        return None

    def confined_to(self, folder: Path) -> dict[str, bool] | None:
        """Return which places a run may read, for `scorer.runner.child.confined`.

        None where the system shows it no others.
        """
        del folder
        return None

    def private_folders(self) -> list[str]:
        """Return the folders, as the process sees them, that are emptied after each run."""
        return []

    def counts_processes(self) -> bool:
        """Tell whether runs have a user to themselves, so that the system can count processes."""
        return False

    def lacks(self) -> str:
        """Return what this machine lacks for the tier as far as that shows at once, or ""."""
        return ""


def gpu_nodes(device: str) -> list[str]:
    """Return the nodes that a run on a GPU opens, none for one on the CPU."""
    return [] if device == "cpu" else sorted(map(str, Path("/dev").glob("nvidia*")))
