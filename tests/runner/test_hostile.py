"""What a hostile submission tries does not get through, by tier, and the next run is unharmed."""

from __future__ import annotations

import os
import platform
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scorer.oracles.pool import Pool
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import missing
from tests.runner._hostile import (
    ATTEMPTS,
    LEAVES,
    NOT_STOPPED_BY_PROCESS,
    STOPPED_BY_NAMESPACES_ALONE,
    attempting,
)
from tests.runner._hosts import host_of, run, run_file


@pytest.fixture(scope="module", params=["process", "landlock", "bwrap"])
def tier(request: pytest.FixtureRequest) -> str:
    """Return the name of a tier that holds on this machine."""
    reason = missing(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    return str(request.param)


@pytest.fixture(scope="module")
def host(tier: str, tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process of the tier, with a secret in the caller's environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_TOKEN", "x")
        with host_of(tiny_pool, SANDBOXES[tier](), timeout_s=30.0) as started:
            yield started


@pytest.fixture(scope="module")
def kit(tiny_pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Be a kit with a secret file and open doors, and return what is to be known of it."""
    folder = tmp_path_factory.mktemp("kit")
    name = f"\0{secrets.token_hex(8)}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as by_path,
    ):
        abstract.bind(name)
        by_path.bind(str(folder / "door"))
        for each in (abstract, by_path):
            each.listen()
        yield {
            "pid": os.getpid(),
            "port": server.getsockname()[1],
            "abstract": name,
            "socket": str(folder / "door"),
            "secret": str(folder / "secret"),
            "home": str(Path.home()),
            "shown": sum(len(tiny_pool.task.indices(s)) for s in ("retain", "forget", "val")),
        }


def stopped_by(tier: str, name: str) -> bool:
    """Tell whether a tier promises to stop that."""
    if tier == "process":
        return name not in NOT_STOPPED_BY_PROCESS
    return tier != "landlock" or name not in STOPPED_BY_NAMESPACES_ALONE


def got_through(host: SubmissionHost, source: str) -> bool:
    """Run an attempt and return whether it got through."""
    state, answer = run_file(host, source)
    assert state is not None, answer
    value = float(state["fc.bias"][0])
    assert value in (0.0, 1.0)
    return bool(value)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_does_not_get_through(
    host: SubmissionHost, tier: str, kit: dict[str, Any], name: str
) -> None:
    if not stopped_by(tier, name):
        pytest.skip(f"{tier} does not stop it")
    if "call(" in ATTEMPTS[name] and platform.machine() != "x86_64":
        pytest.skip("its system calls are numbered for x86_64")
    Path(kit["secret"]).write_text("an oracle")
    assert not got_through(host, attempting(ATTEMPTS[name], **kit))
    assert Path(kit["secret"]).read_text() == "an oracle"
    assert sorted(each.name for each in Path(kit["secret"]).parent.iterdir()) == ["door", "secret"]
    assert not list(Path(host.folder, "in").glob("forged"))


@pytest.mark.parametrize("name", LEAVES)
def test_nothing_is_left_to_the_next_run(
    host: SubmissionHost, tier: str, kit: dict[str, Any], name: str
) -> None:
    if not stopped_by(tier, name):
        pytest.skip(f"{tier} does not stop it")
    leaves, looks = LEAVES[name]
    run_file(host, attempting(leaves, **kit))
    assert not got_through(host, attempting(looks, **kit))


def test_an_attempt_can_get_through(host: SubmissionHost, kit: dict[str, Any]) -> None:
    """Or the tests above would pass for nothing."""
    assert got_through(host, attempting("return open(__file__).read()", **kit))
    assert not got_through(host, attempting("return open('nowhere').read()", **kit))


CHEATS = {
    "children that the system forgets": (
        "import os, signal, time\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    end = time.process_time() + 0.3\n"
        "    while time.process_time() < end: pass\n"
        "    os._exit(0)\n"
        "try: os.waitpid(pid, 0)\n"
        "except ChildProcessError: pass"
    ),
    "threads": (
        "import threading, time\n"
        "def burn():\n"
        "    end = time.thread_time() + 0.15\n"
        "    while time.thread_time() < end: pass\n"
        "threads = [threading.Thread(target=burn) for _ in range(2)]\n"
        "for t in threads: t.start()\n"
        "for t in threads: t.join()"
    ),
    "a clock of its own": (
        "import time\n"
        "end = time.process_time() + 0.3\n"
        "while time.process_time() < end: pass\n"
        "time.time = time.monotonic = time.thread_time = time.perf_counter = lambda: 0.0"
    ),
    "work as the state is read": (
        "import time\n"
        "class Late(torch.nn.Module):\n"
        "    def state_dict(self):\n"
        "        end = time.process_time() + 0.3\n"
        "        while time.process_time() < end: pass\n"
        "        return net.state_dict()\n"
        "return Late()"
    ),
}


@pytest.mark.parametrize("name", CHEATS)
def test_processor_time_is_charged(host: SubmissionHost, name: str) -> None:
    _, answer = run(host, CHEATS[name])
    assert answer["fault"] is None, answer
    assert answer["cpu_s"] >= 0.29 and answer["elapsed_s"] >= 0.14


def test_work_at_import_is_charged(host: SubmissionHost) -> None:
    source = (
        "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
        "def unlearning(net, retain, forget, val): pass\n"
    )
    _, answer = run_file(host, source)
    assert answer["cpu_s"] >= 0.29
