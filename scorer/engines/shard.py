"""The process of one shard: `python -m scorer.engines.shard FUNCTION` with the spec on stdin.

Events leave as JSON lines on a private copy of stdout; whatever else prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import pkgutil
import sys
from typing import Any


def main() -> None:
    """Read the spec, run the shard function, write its events."""
    spec = json.load(sys.stdin)
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scorer.engines.shard PACKAGE.MODULE:FUNCTION")
    import torch

    torch.set_num_threads(1)
    pkgutil.resolve_name(sys.argv[1])(spec, emit)


if __name__ == "__main__":
    main()
