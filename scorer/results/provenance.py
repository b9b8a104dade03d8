"""Where a score was made: machine, versions and state of the code."""

from __future__ import annotations

import platform
import subprocess
from typing import Any

from scorer.machine import machine
from scorer.settings import PROJECT_ROOT, is_checkout


def environment(device: str) -> dict[str, Any]:
    """Return machine, versions and state of the code, for provenance.

    Args:
        device: "cpu" or "cuda", where models were trained and unlearned.
    """
    import scipy
    import torch

    return {
        **machine(device),
        "scipy": scipy.__version__,
        "platform": platform.platform(),
        "cuda": torch.version.cuda if device != "cpu" else None,
        "commit": _git("rev-parse", "HEAD"),
        "modified": bool(_git("status", "--porcelain", "--untracked-files=no")),
    }


def _git(*arguments: str) -> str | None:
    """Return the output of a git command in the project, None where there is no repository."""
    if not is_checkout():
        return None  # an environment may lie in the repository of something else
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
