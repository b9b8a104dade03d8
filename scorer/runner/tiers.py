"""Which tiers of isolation hold on this machine: each is tried, and the best one is found."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from scorer.errors import ScorerError
from scorer.runner.program import install_program, start_command
from scorer.runner.sandboxes import SANDBOXES, Sandbox

AUTO, REQUIRE = "auto", "require"
CHOICES = (AUTO, REQUIRE, *SANDBOXES)
"""What a user may ask for: the best tier that works, the best with namespaces, or one by name."""

TRIAL_S = 30.0
TRIAL_MIB = 64.0


@lru_cache
def missing(name: str, device: str = "cpu") -> str:
    """Return why a tier does not hold on this machine, "" where it does.

    It is really started, and what no run may do is tried in it, and whether a GPU can be used. The
    answer is kept.

    Args:
        name: of the tier.
        device: "cpu" or a CUDA device.
    """
    sandbox = SANDBOXES[name]()
    reason = sandbox.lacks()
    if reason or sandbox.is_open:
        return reason
    with tempfile.TemporaryDirectory(prefix="unlearning-trial-") as folder:
        return _try(sandbox, Path(folder), device)


def _try(sandbox: Sandbox, folder: Path, device: str) -> str:
    """Return what is wrong with a tier by trial, or ""."""
    out = folder / "out" / secrets.token_hex(8)
    (folder / "in").mkdir()
    secret = folder / "secret"
    secret.write_text("kept from runs")
    install_program(folder, job_of(sandbox, folder, device) | {"device": device})
    make_out(out, sandbox)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = {"secret": str(secret), "pid": os.getpid(), "port": port, "out": out.name}
        command = start_command("trial", json.dumps(target))
        try:
            done = subprocess.run(
                sandbox.command(command, folder, device, TRIAL_MIB),
                cwd=folder,
                env=sandbox.environment(folder),
                capture_output=True,
                text=True,
                timeout=TRIAL_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"cannot be started: {error}"
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return f"cannot be started: {(done.stderr.strip() or 'it said nothing').splitlines()[-1]}"
    if found["lacks"]:
        return str(found["lacks"])
    if found["through"]:
        return f"does not hold here: a run {' and '.join(found['through'])}"
    if secret.read_text() != "kept from runs" or not (out / "done").exists():
        return "does not hold here: a run has its own folder no more, or the kit's"
    return ""


def job_of(sandbox: Sandbox, folder: Path, device: str) -> dict[str, Any]:
    """Return what a process is told of its own tier, as JSON values."""
    return {
        "user": sandbox.user,
        "lock": sandbox.lock(folder, device),
        "private": sandbox.private_folders(),
        "confined_to": sandbox.confined_to(folder),
        "counts_processes": sandbox.counts_processes(),
    }


def make_out(out: Path, sandbox: Sandbox) -> None:
    """Make the folder of one run, which belongs to whom the run does."""
    out.mkdir(mode=0o700, parents=True)
    if sandbox.user is not None:
        os.chown(out, sandbox.user, sandbox.user)


def resolve(choice: str, device: str = "cpu") -> str:
    """Return the tier that a choice comes to on this machine.

    Args:
        choice: one of `CHOICES`.
        device: "cpu" or a CUDA device, which has to work in it.

    Raises:
        ScorerError: what was asked for does not hold here; nothing less is taken for it.
    """
    if choice == AUTO:
        return next(name for name in by_rank() if not missing(name, device))
    if choice == REQUIRE:
        wanted = [name for name in by_rank() if SANDBOXES[name].has_namespaces]
        found = next((name for name in wanted if not missing(name, device)), None)
        if found is not None:
            return found
        reasons = "; ".join(f"{name}: {missing(name, device)}" for name in wanted)
        raise ScorerError(
            f"--sandbox require needs a tier with namespaces on this machine, got none ({reasons});"
            " `python -m scorer doctor` tells more, --sandbox auto takes the best there is"
        )
    reason = missing(choice, device)
    if reason:
        raise ScorerError(
            f"--sandbox {choice} must hold on this machine, got: {reason}; `python -m scorer"
            " doctor` tells more, --sandbox auto takes the best there is"
        )
    return choice


def said(choice: str, device: str = "cpu") -> str:
    """Return one line for people: the tier that a choice comes to, and why it is no better one.

    Args:
        choice: one of `CHOICES`.
        device: "cpu" or a CUDA device.

    Raises:
        ScorerError: what was asked for does not hold here.
    """
    tier = resolve(choice, device)
    line = f"{tier}: {SANDBOXES[tier].summary}"
    order = by_rank()
    better = order[: order.index(tier)] if choice == AUTO else []
    reasons = "; ".join(f"{name} {missing(name, device)}" for name in better)
    return f"{line} ({reasons})" if reasons else line


def by_rank() -> list[str]:
    """Return the names of all tiers, those first that keep most apart."""
    return sorted(SANDBOXES, key=lambda name: -SANDBOXES[name].rank)
