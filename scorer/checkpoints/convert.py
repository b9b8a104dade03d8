"""From checkpoints that anybody may have written to checked states: a pickle is read shut in."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scorer.runner.child.leftovers import empty
from scorer.runner.faults import Fault
from scorer.runner.messages import STATUS_BYTES, Unbelievable, read_plain, read_status
from scorer.runner.program import install_program, start_command
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.server import START_S
from scorer.runner.tiers import job_of, make_out
from scorer.runner.weights import Forms, State, forms_of, read_state
from scorer.temporary import new_folder

MIB = 2**20

Found = dict[int, State | Fault]
"""What became of each checkpoint: its tensors, or what is wrong with it."""


class Converter:
    """Reads checkpoints in a process of a tier of isolation, and holds them against an original."""

    def __init__(self, original: bytes, sandbox: str, timeout_s: float, memory_mib: float) -> None:
        """Prepare; nothing is started.

        Args:
            original: weights of an original model in the safetensors format.
            sandbox: name of a tier that holds on this machine.
            timeout_s: for each checkpoint.
            memory_mib: that the process may take.
        """
        self._forms: Forms = forms_of(original)
        self.n_bytes = len(original)
        self._sandbox = SANDBOXES[sandbox]()
        self._timeout_s, self._memory_mib = timeout_s, memory_mib

    def convert(self, checkpoints: Mapping[int, bytes]) -> Found:
        """Return the states of checkpoints, or their faults.

        Args:
            checkpoints: bytes of each by its number.
        """
        with _own_folder() as folder:
            out = folder / "out" / secrets.token_hex(4)
            (folder / "in").mkdir()
            for index, content in checkpoints.items():
                (folder / "in" / str(index)).write_bytes(content)
            install_program(folder, job_of(self._sandbox, folder, "cpu"))
            make_out(out, self._sandbox)
            # Held from before the process: it may put another folder into the place of its own.
            held = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                ended = self._run(folder, out.name, list(map(str, checkpoints)))
                return {index: self._read(held, index, ended) for index in checkpoints}
            finally:
                os.close(held)

    def _run(self, folder: Path, out: str, names: list[str]) -> str:
        """Run the process to its end, and return how it ended and what it said."""
        order = {"out": out, "names": names, "memory_mib": self._memory_mib}
        command = start_command("convert", json.dumps(order))
        try:
            done = subprocess.run(
                self._sandbox.command(command, folder, "cpu", self._memory_mib),
                cwd=folder,
                env=self._sandbox.environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=START_S + self._timeout_s * len(names),
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return "it took too long"
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        return ": ".join([f"its process ended with {how}", *last])

    def _read(self, held: int, index: int, ended: str) -> State | Fault:
        """Return what the process left of one checkpoint.

        Args:
            held: descriptor of the process's folder.
            index: of the checkpoint.
            ended: how the process did.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        try:
            descriptor = os.open(str(index), flags, dir_fd=held)
        except OSError:
            return Fault("killed", f"the checkpoint could not be read: {ended}", run=index)
        try:
            said = read_plain("status.json", descriptor, STATUS_BYTES)
            fault = read_status(said, is_audit=False).fault
            if fault is None:
                state, fault = read_state(descriptor, self._forms, self.n_bytes)
                if state is not None:
                    return state
        except FileNotFoundError:
            fault = Fault("killed", f"the checkpoint could not be read: {ended}")
        except Unbelievable as error:
            fault = Fault("tampered", str(error))
        finally:
            os.close(descriptor)
        found = fault or Fault("bad_return", "the checkpoint holds no weights")
        return Fault(found.fault, found.message, found.trace, run=index)


@contextmanager
def _own_folder() -> Iterator[Path]:
    """Yield a folder that goes with all that is in it, whoever it belongs to."""
    folder = new_folder()
    try:
        yield folder
    finally:
        empty(folder)
        folder.rmdir()
