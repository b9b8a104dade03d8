"""The kit's side of a submission's process: start it, ask for runs, check what comes back.

Files cross the border, and weights are the only ones that count: safetensors in, safetensors out,
never a pickle. What a run writes is a message; what it took the kit's own server has measured.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from scorer.errors import ScorerError
from scorer.runner.adapt import Code
from scorer.runner.child.leftovers import empty
from scorer.runner.faults import Fault
from scorer.runner.inputs import Inputs
from scorer.runner.messages import (
    ENDED,
    FIGURES,
    STATUS_BYTES,
    Status,
    Unbelievable,
    log_of,
    read_plain,
    read_status,
)
from scorer.runner.program import start_command
from scorer.runner.sandboxes import Sandbox
from scorer.runner.sandboxes.process import ProcessSandbox
from scorer.runner.server import Server, ServerLost
from scorer.runner.tiers import job_of, make_out
from scorer.runner.weights import State, read_state
from scorer.settings import PROJECT_ROOT
from scorer.temporary import new_folder

__all__ = ["Kind", "State", "SubmissionHost"]

AUDIT_PATIENCE = 10
"""How many times the time limit an audited run may take: to count a small kernel takes longer than
to run it."""

FILE_MIB, FILES_MIB, N_FILES = 512.0, 2048.0, 20_000
"""What a run may keep while it runs: one file, all of them, and how many."""

N_PROCESSES = 64

Kind = Literal["run", "audit", "reference"]
"""What a process is asked for."""


class SubmissionHost:
    """One process that runs submissions again and again; use it as a context manager.

    Before the first run it must be told of a submission and of an original model. Retrainings to
    time runs against are made in a second process, where no submission ever runs.
    """

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        settings: dict[str, Any],
        sets: Mapping[str, Tensor],
        retraining_sets: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Prepare the folders that the processes are given.

        Args:
            sandbox: the tier of isolation.
            settings: what the process needs to know: recipe, n_channels, n_classes, device,
                gpu_share, timeout_s, reference_timeout_s, memory_mib.
            sets: `<set>_images` and `<set>_labels` for retain, forget and val.
            retraining_sets: the same of the retain set that retrainings learn; by default that of
                `sets`.
        """
        self.sandbox, self.settings = sandbox, settings
        self.root = new_folder()
        self.folder, trusted = self.root / "run", self.root / "retraining"
        plain, device = ProcessSandbox(), settings["device"]
        about = ("recipe", "n_channels", "n_classes", "device", "gpu_share")
        self.bounds = {
            "memory_mib": settings["memory_mib"],
            "n_processes": N_PROCESSES,
            "files_mib": FILES_MIB,
            "n_files": N_FILES,
        }
        job = {
            **{name: settings[name] for name in about},
            "n_threads": 1,
            "file_mib": FILE_MIB,
            "bounds": self.bounds,
        }
        self._inputs = Inputs(self.folder, job | job_of(sandbox, self.folder, device), sets)
        retain = retraining_sets or {n: each for n, each in sets.items() if n.startswith("retain_")}
        Inputs(trusted, job | job_of(plain, trusted, device), retain)
        memory_mib = settings["memory_mib"]
        command = start_command("submission")
        self._servers = {
            self.folder: Server(
                lambda: sandbox.command(command, self.folder, device, memory_mib),
                self.folder,
                sandbox.environment(self.folder),
            ),
            trusted: Server(
                lambda: [sys.executable, "-P", "-m", "scorer.runner.reference"],
                trusted,
                {**plain.environment(trusted), "PYTHONPATH": str(PROJECT_ROOT)},
            ),
        }
        self._trusted = trusted
        self.shown_path = ""
        self.original: State = {}

    def __enter__(self) -> SubmissionHost:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers.values():
            server.stop()
        empty(self.root)
        self.root.rmdir()

    def set_code(self, code: Code, shown_path: str) -> None:
        """Say which submission the next runs are of, and how its author names the file."""
        self._inputs.set_code(code)
        self.shown_path = shown_path

    def set_original(self, weights: State) -> None:
        """Say which original model the next runs start from."""
        self._inputs.set_original(weights)
        self.original = weights

    def run(self, seed: int, kind: Kind = "run") -> tuple[State | None, dict[str, Any]]:
        """Run the submission once, or a retraining in its place.

        Args:
            seed: of the run.
            kind: "run"; "audit", a run whose arithmetic is counted, which takes several times as
                long and may; "reference", a retraining by the task's recipe.

        Returns:
            The returned network's state by name, checked, and the answer with `elapsed_s` and
            `cpu_s` from when it is ready to its exit, `peak_mib`, `taken_off` of what was returned,
            and of an audit `multiply_adds`; or None and an answer with `fault`, `message` and
            `trace`.

        Raises:
            ScorerError: the kit's own part failed, before a line of the submission was run.
        """
        folder = self._trusted if kind == "reference" else self.folder
        tier: Sandbox = ProcessSandbox() if kind == "reference" else self.sandbox
        out = folder / "out" / secrets.token_hex(4)
        make_out(out, tier)
        order = {"seed": seed, "kind": kind, "shown_path": self.shown_path, **self._inputs.told}
        (out / "order.json").write_text(json.dumps(order))
        if tier.user is not None:
            os.chown(out / "order.json", tier.user, tier.user)
        # Held from before the run: it may put another folder into the place of its own.
        descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            answer = self._ask(folder, out.name, kind, descriptor)
            if answer["fault"] is not None:
                return None, answer
            state, fault = read_state(descriptor, self._inputs.forms, self._inputs.n_bytes)
            return (state, answer) if fault is None else (None, {**answer, **asdict(fault)})
        finally:
            os.close(descriptor)
            empty(folder / "out")

    def _ask(self, folder: Path, out: str, kind: Kind, descriptor: int) -> dict[str, Any]:
        """Let one run be made; return what it took and, as a fault, what was wrong with it."""
        timeout_s = self._timeout_s(kind)
        request = {
            "out": out,
            "original": self._inputs.original,
            "original_sha256": self._inputs.original_sha256,
            "source": self._inputs.source_sha256,
            "timeout_s": timeout_s,
        }
        try:
            line = json.dumps(request).encode() + b"\n"
            answer = self._servers[folder].ask(line, timeout_s)
        except ServerLost as error:
            return asdict(Fault("tampered" if error.is_forged else "killed", str(error)))
        if "kit" in answer:
            raise ScorerError(f"a run could not begin: {answer['kit']}")
        figures = {name: answer[name] for name in FIGURES}
        status = self._verdict(answer, kind, descriptor)
        if status.fault is not None:
            trace = "\n".join(filter(None, (status.fault.trace, log_of(answer))))
            return {**figures, **asdict(replace(status.fault, trace=trace))}
        counted = {} if status.multiply_adds is None else {"multiply_adds": status.multiply_adds}
        return {"fault": None, **figures, "taken_off": list(status.taken_off), **counted}

    def _verdict(self, answer: dict[str, Any], kind: Kind, descriptor: int) -> Status:
        """Return what was wrong with a run, or what it says of itself."""
        if kind != "reference" and self._inputs.are_touched():
            self._servers[self.folder].stop()
            self._inputs.restore()
            what = "files beside the run's own output folder were changed"
            return Status(Fault("tampered", what))
        if answer["ended"]:
            name, text = ENDED[answer["ended"]]
            about = {"timeout_s": self._timeout_s(kind), **self.bounds}
            return Status(Fault(name, text.format(**about)))
        try:
            status = read_plain("status.json", descriptor, STATUS_BYTES)
            return read_status(status, is_audit=kind == "audit")
        except FileNotFoundError:
            code = answer["exit_code"]
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            what = f"the process of the run ended by {how} without a result"
            return Status(Fault("killed", what))
        except Unbelievable as error:
            return Status(Fault("tampered", str(error)))

    def _timeout_s(self, kind: Kind) -> float:
        """Return the time limit of one request; a submission's own is none of a retraining's."""
        if kind == "reference":
            return float(self.settings["reference_timeout_s"])
        return float(self.settings["timeout_s"]) * (AUDIT_PATIENCE if kind == "audit" else 1)
