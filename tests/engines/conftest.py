"""Ray clusters of two nodes on this machine, one processor each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

STORE_BYTES = 80 * 2**20
NODE = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": STORE_BYTES}


@contextmanager
def cluster_of_two() -> Iterator[Any]:
    """Yield a cluster whose address is `.address`."""
    pytest.importorskip("ray", reason="ray is not installed; see `make env EXTRA=ray`")
    from ray.cluster_utils import Cluster

    with (
        tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("RAY_TMPDIR", folder)
        cluster = Cluster()
        try:
            cluster.add_node(include_dashboard=False, **NODE)
            cluster.add_node(**NODE)
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[Any]:
    """Return a cluster that no test changes."""
    with cluster_of_two() as cluster:
        yield cluster


@pytest.fixture
def two_nodes(session_cluster: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point RAY_ADDRESS to a cluster that no test changes."""
    monkeypatch.setenv("RAY_ADDRESS", session_cluster.address)
    return session_cluster


@pytest.fixture
def own_nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Point RAY_ADDRESS to a cluster that the test may break."""
    with cluster_of_two() as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
