"""The process of one shard: `python -m scorer.engines.shard FUNCTION PARENT`, the spec on stdin.

Events leave as JSON lines on a private copy of stdout; whatever else prints goes to stderr. It ends
with the process that started it, PARENT.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

from scorer.engines.base import FAILED, Emit, Spec, handing_on
from scorer.errors import ScorerError
from scorer.files import disk_errors
from scorer.processes import die_with


def main() -> None:
    """Read the spec, run the shard function, write its events."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m scorer.engines.shard PACKAGE.MODULE:FUNCTION PARENT")
    die_with(int(sys.argv[2]))
    spec = json.load(sys.stdin)
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        call(sys.argv[1], spec, emit)
    except ScorerError as error:
        emit({FAILED: str(error)})
        raise SystemExit(1) from error


def call(function: str, spec: Spec, emit: Emit) -> None:
    """Call a shard function in the process that an engine has for it, with one thread.

    What the kit's logger says is emitted too, see `scorer.engines.base.Listener`.

    Raises:
        ScorerError: what the function says of its failure, or the disk.
    """
    with handing_on(emit), disk_errors(Path.cwd()):
        work = pkgutil.resolve_name(function)
        # Where it is imported later, the environment of a worker says the same.
        if "torch" in sys.modules:
            import torch

            torch.set_num_threads(1)
        work(spec, emit)


if __name__ == "__main__":
    main()
