"""An engine that starts no processes."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Sequence

from scorer.engines.base import Emit, Engine, Spec


class InlineEngine(Engine):
    """Runs shards one after another in this process, which starts nothing."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        for spec in specs:
            pkgutil.resolve_name(function)(json.loads(json.dumps(spec)), on_event)
