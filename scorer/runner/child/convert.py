"""Turn checkpoints as torch writes them into files that hold tensors and nothing else.

A checkpoint is a pickle, and torch's loader for weights alone has had holes: so it is read in a
process that is shut in as a run is. Each comes from `in/<name>` and goes to a folder of its own,
`out/<token>/<name>/`, as `model.safetensors`, or as `status.json` with what is wrong with it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

import torch

from .faults import fault
from .forked import lock_run_in
from .kernel import become, limit, set_open_to_others
from .submission import save_state


def convert(path: Path, out: Path) -> dict[str, Any]:
    """Read one checkpoint, write its tensors, and return the message about it."""
    try:
        return save_state(torch.load(path, map_location="cpu", weights_only=True), out)
    except Exception as error:  # whatever a file that may hold anything makes torch raise
        said = str(error).strip().partition("\n")[0][:300]
        what = f"it must be a state dict as torch.save writes it: {type(error).__name__}: {said}"
        return fault("bad_return", what)


def main() -> None:
    """Convert the checkpoints that the order names, and end."""
    order = json.loads(sys.argv[1])
    folder = Path.cwd()
    job = json.loads((folder / "program" / "job.json").read_text())
    if job["user"] is not None:
        become(job["user"])
    set_open_to_others(False)
    torch.set_num_threads(1)
    out = folder / "out" / order["out"]
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_DATA, int(order["memory_mib"] * 2**20))
    if job["lock"] is not None:
        lock_run_in(job["lock"], out)
    for name in order["names"]:
        own = out / name
        own.mkdir()
        (own / "status.json").write_text(json.dumps(convert(folder / "in" / name, own)))
    os._exit(0)
