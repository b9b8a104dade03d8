"""Ray clusters on this machine, to compare one node with several."""

from __future__ import annotations

import importlib.util
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from scorer.engines import ENGINES

STORE_BYTES = 80 * 2**20
NODE: dict[str, Any] = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE_BYTES}


def why_no_ray() -> str | None:
    """Return why nothing can be run on Ray, None where it can."""
    if importlib.util.find_spec("ray") is None:
        return "skipped: ray is not installed"
    if "ray" not in ENGINES:
        return "skipped: this version of the kit has no engine `ray`"
    return None


class RayClusters:
    """Clusters of some numbers of nodes with one processor each; use it as a context manager."""

    def __init__(self, sizes: Sequence[int]) -> None:
        """Start them.

        Args:
            sizes: the number of nodes of each cluster.
        """
        from ray.cluster_utils import Cluster

        self._stack = ExitStack()
        self._environment = dict(os.environ)
        self._clusters: dict[int, Any] = {}
        # The folder's path is short: sockets in it may not exceed 107 bytes.
        folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        self._stack.enter_context(folder)
        os.environ["RAY_TMPDIR"] = folder.name
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        for n_nodes in sizes:
            cluster = Cluster()
            self._stack.callback(cluster.shutdown)
            cluster.add_node(include_dashboard=False, **NODE)
            for _ in range(n_nodes - 1):
                cluster.add_node(**NODE)
            cluster.wait_for_nodes()
            self._clusters[n_nodes] = cluster

    def __enter__(self) -> RayClusters:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        os.environ.clear()
        os.environ.update(self._environment)

    def choose(self, n_nodes: int) -> None:
        """Make a cluster the one that the engine joins."""
        os.environ["RAY_ADDRESS"] = self._clusters[n_nodes].address
