"""The kit's side of a submission's process: start it, ask for runs, check what comes back.

Files cross the border, and weights are the only ones that count: safetensors in, safetensors out,
never a pickle. Names, shapes and dtypes must be the original's, all values finite.
"""

from __future__ import annotations

import json
import secrets
import selectors
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save_file
from torch import Tensor

from scorer.errors import ScorerError
from scorer.runner.faults import Fault
from scorer.runner.sandboxes import Sandbox
from scorer.settings import PROJECT_ROOT
from scorer.temporary import new_folder

GRACE_S = 60.0
"""How much longer than its own limit a run may keep the kit waiting, start-up included."""

AUDIT_PATIENCE = 10
"""How many times the time limit an audited run may take: to count a small kernel takes longer than
to run it."""

SIZE_FACTOR = 1.5
SIZE_SLACK_MIB = 1.0
MIB = 2**20

Kind = Literal["run", "audit", "reference"]
"""What a process is asked for."""

State = Mapping[str, Tensor]
"""Parameters and buffers of a network by name, on the CPU."""


class SubmissionHost:
    """One process that runs submissions again and again; use it as a context manager.

    Before the first run it must be told of a submission and of an original model.
    """

    def __init__(
        self, *, sandbox: Sandbox, settings: dict[str, Any], sets: Mapping[str, Tensor]
    ) -> None:
        """Prepare the folder that the process is given.

        Args:
            sandbox: the tier of isolation.
            settings: what `scorer.runner.child` needs to know: recipe, n_channels, n_classes,
                device, gpu_share, timeout_s, reference_timeout_s, memory_mib.
            sets: `<set>_images` and `<set>_labels` for retain, forget and val.
        """
        self.sandbox = sandbox
        self.settings = settings
        self.folder = new_folder()
        (self.folder / "out").mkdir()
        save_file(dict(sets), self.folder / "sets.safetensors")
        self.shown_path = ""
        self.original_name = ""
        self.original: State = {}
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> SubmissionHost:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_source(self, source: bytes, shown_path: str) -> None:
        """Say which submission the next runs are of, and how its author names the file."""
        (self.folder / "submission.py").write_bytes(source)
        self.shown_path = shown_path

    def set_original(self, weights: State) -> None:
        """Say which original model the next runs start from."""
        if self.original_name:
            (self.folder / self.original_name).unlink(missing_ok=True)
        # A random name: a submission is not to know which original of how many it was given.
        self.original_name = f"original-{secrets.token_hex(8)}.safetensors"
        self.original = weights
        save_file(dict(weights), self.folder / self.original_name)

    def run(self, seed: int, kind: Kind = "run") -> tuple[State | None, dict[str, Any]]:
        """Run the submission once, or a retraining in its place.

        Args:
            seed: of the run.
            kind: "run"; "audit", a run whose arithmetic is counted, which takes several times as
                long and may; "reference", a retraining by the task's recipe.

        Returns:
            The returned network's state by name, checked, and the answer with `elapsed_s` and
            `cpu_s` from fork to exit, `peak_mib`, and of an audit `multiply_adds`; or None and an
            answer with `fault`, `message` and `trace`.
        """
        out = self.folder / "out" / secrets.token_hex(8)
        out.mkdir()
        try:
            request = {
                "seed": seed,
                "kind": kind,
                "original": self.original_name,
                "out": str(out),
                "shown_path": self.shown_path,
                "timeout_s": self._timeout_s(kind),
            }
            answer = self._ask(request)
            if answer["fault"] is not None:
                return None, answer
            state, fault = self._read_state(out / "model.safetensors")
            if fault is not None:
                return None, asdict(fault)
            return state, answer
        finally:
            shutil.rmtree(out, ignore_errors=True)

    def _timeout_s(self, kind: Kind) -> float:
        """Return the time limit of one request; a submission's own is none of a retraining's."""
        if kind == "reference":
            return float(self.settings["reference_timeout_s"])
        return float(self.settings["timeout_s"]) * (AUDIT_PATIENCE if kind == "audit" else 1)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its answer, starting the process where needed."""
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise ScorerError("the submission's process was started without pipes")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                ready = selector.select(request["timeout_s"] + GRACE_S)
            line = process.stdout.readline() if ready else ""
        except BrokenPipeError:
            line = ""
        if not line:
            code = process.poll()
            self._stop()
            what = "did not answer" if code is None else f"ended with code {code}"
            return asdict(Fault("killed", f"the process that runs the submission {what}"))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _started(self) -> subprocess.Popen[str]:
        """Return the running process, started now if there is none."""
        if self.process is not None:
            return self.process
        command = [sys.executable, "-m", "scorer.runner.child", str(self.folder)]
        self.process = subprocess.Popen(
            self.sandbox.command(command, self.folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            env=self.sandbox.environment(self.folder),
            start_new_session=True,
        )
        if self.process.stdin is None:
            raise ScorerError("the submission's process was started without pipes")
        n_bytes = sum(tensor.nbytes for tensor in self.original.values())
        job = {**self.settings, "file_mib": SIZE_FACTOR * n_bytes / MIB + SIZE_SLACK_MIB}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return self.process

    def _stop(self) -> None:
        """End the process and all that it started."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None

    def _read_state(self, path: Path) -> tuple[State | None, Fault | None]:
        """Return a checked state, or why it is not one."""
        expected_bytes = sum(tensor.nbytes for tensor in self.original.values())
        try:
            size = path.stat().st_size
            if size > SIZE_FACTOR * expected_bytes + SIZE_SLACK_MIB * MIB:
                return None, Fault("shape_mismatch", f"the returned network takes {size} bytes")
            state = load_tensors(path.read_bytes())
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            # KeyError: a dtype that safetensors knows and torch does not.
            return None, Fault("bad_return", f"the returned weights cannot be read: {error}")
        problem = state_difference(self.original, state)
        if problem:
            return None, Fault("shape_mismatch", problem)
        for name, tensor in state.items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                return None, Fault("non_finite", f"`{name}` has NaN or infinite values")
        return state, None


def state_difference(original: State, state: State) -> str:
    """Return how a state differs from the original's in names, shapes or dtypes, or ""."""
    missing, extra = sorted(original.keys() - state.keys()), sorted(state.keys() - original.keys())
    if missing or extra:
        return (
            "the returned network must have the original's parameters and buffers; missing"
            f" {missing[:5]}, not expected {extra[:5]}"
        )
    for name, tensor in original.items():
        if state[name].shape != tensor.shape or state[name].dtype != tensor.dtype:
            return f"`{name}` must have {_form(tensor)}, got {_form(state[name])}"
    return ""


def _form(tensor: Tensor) -> str:
    """Return "shape (10, 64) and dtype float32"."""
    return f"shape {tuple(tensor.shape)} and dtype {str(tensor.dtype).removeprefix('torch.')}"
