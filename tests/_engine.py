"""An engine for tests that must see, in their own process, what a shard does."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Sequence

from scorer.engines.base import Emit, Engine, Spec


class InlineEngine(Engine):
    """Runs shards one after another in this process, which starts nothing."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """See `Engine.run`."""
        for spec in specs:
            pkgutil.resolve_name(function)(json.loads(json.dumps(spec)), on_event)
