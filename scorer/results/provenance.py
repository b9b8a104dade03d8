"""Where a score was made, and against which models: machine, versions, code, digest of banks."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from typing import Any

import numpy as np

from scorer.machine import machine
from scorer.settings import PROJECT_ROOT, is_checkout


def bank_sha256(confidences: Mapping[str, np.ndarray]) -> str | None:
    """Return the digest of what a score was held against, None without oracles or controls.

    Two kinds of processor, or two GPUs, train models of one fingerprint to different bytes: their
    scores are not of the same oracles, and the digest says so.

    Args:
        confidences: `(n_models, n_examples)` on the forget set by role; those of "oracle" and
            "control" are digested.
    """
    if not {"oracle", "control"} <= confidences.keys():
        return None
    digest = hashlib.sha256()
    for role in ("oracle", "control"):
        bank = confidences[role].astype("<f8")
        digest.update(f"{role} {bank.shape} ".encode())
        digest.update(bank.tobytes())
    return digest.hexdigest()


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
