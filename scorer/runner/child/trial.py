"""Try what no run may, locked in as a run is, and say what got through.

Started by the kit before it trusts a tier of isolation; torch is not needed for it.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .forked import lock_run_in
from .kernel import become, set_open_to_others
from .lock import LockError


def attempts(target: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Return what is tried, by what it would mean if it got through.

    Args:
        target: `secret`, a file of the kit's; `pid`, its process; `port` that it listens on.
    """
    pid = target["pid"]

    def connect() -> None:
        socket.create_connection(("127.0.0.1", target["port"]), timeout=1).close()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"x", ("127.0.0.1", target["port"]))

    def signal_server() -> None:
        if os.getppid() == 1:
            raise PermissionError("the first process of a namespace cannot be hit from within")
        os.kill(os.getppid(), 0)

    return {
        "reads the kit's files": lambda: Path(target["secret"]).read_bytes(),
        "writes the kit's files": lambda: Path(target["secret"]).write_bytes(b""),
        "writes beside its own folder": lambda: Path("in", "forged").write_bytes(b""),
        "reads the kit's environment": lambda: Path(f"/proc/{pid}/environ").read_bytes(),
        "signals the kit": lambda: os.kill(pid, 0),
        "signals its server": signal_server,
        "opens a connection": connect,
        "sends to the network": send,
    }


def no_gpu() -> str:
    """Return why CUDA cannot be used, "" where it can."""
    try:
        code = ctypes.CDLL("libcuda.so.1").cuInit(0)
    except OSError as error:
        return f"CUDA cannot be used in it: {error}"
    return f"CUDA cannot be used in it: cuInit returns {code}" if code else ""


def main() -> None:
    """Print, as JSON, what got through and what the tier itself lacks."""
    target = json.loads(sys.argv[1])
    out = Path.cwd() / "out" / target["out"]
    job = json.loads(Path("program", "job.json").read_text())
    if job["user"] is not None:
        become(job["user"])
    set_open_to_others(False)
    lacks = ""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    if job["lock"] is not None:
        try:
            lock_run_in(job["lock"], out)
        except LockError as error:
            lacks = str(error)
    if not lacks and job["device"] != "cpu":
        lacks = no_gpu()
    through = []
    for name, attempt in attempts(target).items():
        try:
            attempt()
        except OSError:
            continue
        through.append(name)
    os.write(1, json.dumps({"lacks": lacks, "through": through, "user": os.getuid()}).encode())
    # What it must be able to do: nothing works where this fails.
    (out / "done").write_text("yes")
    os._exit(0)
