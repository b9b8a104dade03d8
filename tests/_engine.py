"""An engine for tests that must see, in their own process, what a shard does."""

from __future__ import annotations

import hashlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from safetensors.torch import save
from torch import Tensor

from scorer.engines.base import Emit, Engine, Spec
from scorer.runner import shard
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import Sandbox

N_KEPT = 3
"""Hosts that are kept: each is two processes with torch."""


LIMITS = ("timeout_s", "reference_timeout_s", "memory_mib")
"""Settings that one host may have after another."""


class Hosts:
    """Hosts of earlier shards, for later ones: to start one takes longer than most runs.

    One that is kept takes the next submission as it does within a shard, told of its file and its
    original. Another task or sandbox has a host of its own; another number of workers has not, so
    that the memory a run may take is what the first of them left it.
    """

    def __init__(self) -> None:
        self._kept: dict[str, SubmissionHost] = {}

    @contextmanager
    def host(
        self,
        *,
        sandbox: Sandbox,
        settings: dict[str, Any],
        sets: Mapping[str, Tensor],
        retraining_sets: Mapping[str, Tensor],
    ) -> Iterator[SubmissionHost]:
        """Lend what `SubmissionHost` would start; see there for the arguments."""
        told = {name: value for name, value in settings.items() if name not in LIMITS}
        content = save(dict(sets)) + save(dict(retraining_sets))
        key = f"{sandbox.name} {json.dumps(told)} {hashlib.sha256(content).hexdigest()}"
        # Whatever a shard that fails leaves behind goes with it.
        with ExitStack() as failed:
            host = self._kept.pop(key, None) or SubmissionHost(
                sandbox=sandbox, settings=settings, sets=sets, retraining_sets=retraining_sets
            )
            failed.enter_context(host)
            host.settings = settings  # where it looks up how long a run may take
            yield host
            failed.pop_all()
        self._kept[key] = host
        self.keep(N_KEPT)

    def keep(self, n_hosts: int) -> None:
        """End all but the hosts that were used last."""
        while len(self._kept) > n_hosts:
            oldest = next(iter(self._kept))
            with self._kept.pop(oldest):
                pass


HOSTS = Hosts()
"""Of this process; `conftest` ends them."""


class InlineEngine(Engine):
    """Runs shards one after another in this process, which starts as little as can be."""

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        """See `Engine.run`."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shard, "SubmissionHost", HOSTS.host)
            for spec in specs:
                pkgutil.resolve_name(function)(json.loads(json.dumps(spec)), on_event)
