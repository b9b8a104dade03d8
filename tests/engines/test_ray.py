"""The Ray engine: the same bytes as the local one on two nodes, whatever dies half way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from scorer.engines import make_engine
from scorer.engines import ray as ray_module
from scorer.engines.base import Emit, Spec
from scorer.engines.ray import RayEngine, check_answers, gpu_share
from scorer.errors import ScorerError, UsageError
from scorer.oracles.pool import Pool
from scorer.secret import PUBLIC_SECRET
from scorer.settings import PROJECT_ROOT
from scorer.store import MANIFEST

WANTED = {"original": 2, "oracle": 4, "control": 4}


class Substitute(RayEngine):
    """Runs another shard function than asked for, and looks at its events."""

    def __init__(self, function: str) -> None:
        super().__init__(2)
        self.function = f"tests.engines._shards:{function}"
        self.events: list[dict[str, Any]] = []

    def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
        def look(event: dict[str, Any]) -> None:
            self.events.append(event)
            self.look(event)
            on_event(event)

        super().run(self.function, specs, look)

    def look(self, event: dict[str, Any]) -> None:
        """Do nothing."""


def manifests(pool: Pool) -> dict[tuple[str, int], bytes]:
    """Return the manifests of the models of `WANTED` that are there, byte by byte."""
    return {
        (role, index): (pool.store(role).folder(index) / MANIFEST).read_bytes()
        for role, n_models in WANTED.items()
        for index in range(n_models)
        if pool.store(role).has(index)
    }


@pytest.fixture
def empty_pool(tiny_pool: Pool, tmp_path: Path) -> Pool:
    """Return a pool of the same models without any."""
    return Pool(tiny_pool.task, tiny_pool.path, "cpu", tmp_path, PUBLIC_SECRET)


def test_a_cluster_of_our_own_trains_the_same_models(
    empty_pool: Pool, tiny_pool: Pool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed; see `make env EXTRA=ray`")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert empty_pool.ensure({"oracle": 2}, make_engine("ray", 1)) == 2
    whole = manifests(tiny_pool)
    assert manifests(empty_pool) == {key: whole[key] for key in (("oracle", 0), ("oracle", 1))}
    assert not ray.is_initialized()
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_two_nodes_train_the_same_pool(two_nodes: Any, empty_pool: Pool, tiny_pool: Pool) -> None:
    engine = Substitute("train_on_two_nodes")
    assert empty_pool.ensure(WANTED, engine) == 10
    assert manifests(empty_pool) == manifests(tiny_pool)
    nodes = {node.node_id for node in two_nodes.list_all_nodes()}
    assert {event["node"] for event in engine.events} == nodes


@pytest.mark.slow
def test_a_worker_killed_half_way_changes_nothing(
    two_nodes: Any, empty_pool: Pool, tiny_pool: Pool, tmp_path: Path
) -> None:
    empty_pool.ensure(WANTED, Substitute("train_and_die_once"))
    assert (tmp_path / "died").exists()
    assert manifests(empty_pool) == manifests(tiny_pool)


@pytest.mark.slow
def test_a_node_removed_half_way_changes_nothing(
    own_nodes: Any, empty_pool: Pool, tiny_pool: Pool
) -> None:
    _, other = own_nodes.list_all_nodes()
    removed: list[str] = []

    class RemoveOther(Substitute):
        def look(self, event: dict[str, Any]) -> None:
            if event["node"] == other.node_id and not removed:
                removed.append(other.node_id)
                own_nodes.remove_node(other, allow_graceful=False)

    empty_pool.ensure(WANTED, RemoveOther("train_on_two_nodes"))
    assert removed
    assert manifests(empty_pool) == manifests(tiny_pool)


@pytest.mark.slow
def test_ctrl_c_ends_the_shards(two_nodes: Any) -> None:
    pids: list[int] = []

    def interrupt(event: dict[str, Any]) -> None:
        pids.append(event["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_engine("ray", 1).run("tests.engines._shards:wait_forever", [{}], interrupt)
    while Path(f"/proc/{pids[0]}").exists():
        os.sched_yield()


@pytest.mark.slow
def test_workers_default_to_the_processors_of_the_cluster(two_nodes: Any) -> None:
    assert make_engine("ray", None).n_workers == 2
    assert make_engine("ray", 5).n_workers == 5


@pytest.mark.slow
def test_cuda_is_refused_by_a_cluster_without_gpus(two_nodes: Any) -> None:
    with pytest.raises(ScorerError, match="must have a GPU for --device cuda, got none"):
        make_engine("ray", 1).run(
            "tests.engines._shards:fail", [{"device": "cuda"}], lambda event: None
        )


@pytest.mark.parametrize(
    ("n_workers", "n_gpus", "share"),
    [(1, 1, 1.0), (4, 1, 0.25), (6, 1, 0.1666), (3, 2, 0.5), (2, 4, 1.0), (8, 2, 0.25)],
)
def test_workers_fit_on_the_gpus(n_workers: int, n_gpus: int, share: float) -> None:
    assert gpu_share(n_workers, n_gpus) == share
    assert n_gpus * (1 // share) >= n_workers


@pytest.fixture
def cluster_with_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be connected to a cluster of two machines, with 16 processors and two GPUs, without Ray."""
    fake = ModuleType("ray")
    fake.remote = lambda **asked: lambda function: asked  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setenv("RAY_ADDRESS", "host:6379")
    monkeypatch.setattr(ray_module, "connected", lambda *_: nullcontext())
    monkeypatch.setattr(ray_module, "_cluster_total", {"CPU": 16.0, "GPU": 2.0}.__getitem__)
    monkeypatch.setattr(ray_module, "_n_machines", lambda: 2)


@pytest.mark.usefixtures("cluster_with_gpus")
@pytest.mark.parametrize(
    ("n_workers", "per_gpu", "expected", "share"),
    [(None, 1, 2, 1.0), (None, 4, 8, 0.25), (6, 1, 6, 0.3333)],
)
def test_the_gpus_of_a_cluster_bound_its_workers(
    n_workers: int | None, per_gpu: int, expected: int, share: float
) -> None:
    engine, on_gpu = RayEngine(n_workers), {"device": "cuda"}
    assert engine.n_workers_for(on_gpu, 64, per_gpu) == expected
    task = engine._make_task([on_gpu] * expected)
    assert (task["num_gpus"], task["num_cpus"]) == (share, 1)
    assert expected <= 2 * (1 // share), "not all run at once"


@pytest.mark.usefixtures("cluster_with_gpus")
def test_the_memory_of_every_machine_counts() -> None:
    assert RayEngine(None).n_workers_for({"device": "cpu"}, 64, 1, in_memory=3) == 6
    assert RayEngine(None).n_workers_for({"device": "cpu"}, 64, 1) == 16


def test_an_address_where_nothing_listens_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="ray is not installed; see `make env EXTRA=ray`")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        check_answers(f"127.0.0.1:{port}")
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(ScorerError, match=f"no Ray cluster answers at RAY_ADDRESS 127.*:{port}"):
        make_engine("ray", None)


@pytest.mark.parametrize("address", ["auto", "ray://host:10001", "host", ":6379", "host:port"])
def test_other_forms_of_an_address_are_refused(address: str) -> None:
    with pytest.raises(UsageError, match='RAY_ADDRESS must be "host:port", got'):
        check_answers(address)


def test_without_ray_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ScorerError, match="run `make env EXTRA=ray`, or `pip install ray"):
        make_engine("ray", None)


def test_some_gpus_cannot_be_chosen_from_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorer.engines.ray.visible_gpus", lambda: ("a card", "another"))
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="hands out all GPUs of its cluster, got some by number"):
        make_engine("ray", None, (1,))
    # All of them are what Ray takes, and then Ray itself is missed.
    with pytest.raises(ScorerError, match="needs the optional package ray"):
        make_engine("ray", None, (0, 1))


def test_ray_is_imported_only_when_asked_for() -> None:
    pytest.importorskip("ray", reason="ray is not installed; see `make env EXTRA=ray`")
    code = "import sys, scorer.pipeline, scorer.engines.ray; print('ray' in sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout == "False\n"
