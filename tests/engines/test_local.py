"""The local engine owns its workers: none outlives a failure, a signal or the kit itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scorer.engines import LocalEngine, ShardFailed
from scorer.engines.base import Emit, Spec
from scorer.settings import PROJECT_ROOT
from tests.test_processes import has_ended, line, needs_linux

SHARDS = "tests.engines._shards"

KIT = f"""
import sys
from scorer.engines import LocalEngine
from scorer.processes import stoppable
def tell(event):
    print(event["pid"], flush=True)
with stoppable():
    LocalEngine(2).run("{SHARDS}:wait_forever", [{{}}, {{}}], tell)
"""


def run(function: str, specs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    LocalEngine(2).run(f"{SHARDS}:{function}", specs, events.append)
    return events


def test_one_failing_shard_ends_the_others(tmp_path: Path) -> None:
    pids: list[int] = []
    specs = [{"folder": str(tmp_path), "fails": fails} for fails in (True, False)]
    with pytest.raises(ShardFailed, match="once the other has begun"):
        LocalEngine(2).run(f"{SHARDS}:fail_or_wait", specs, lambda event: pids.append(event["pid"]))
    assert len(pids) == 1 and not Path(f"/proc/{pids[0]}").exists()


def test_each_worker_sees_one_gpu_and_keeps_it_when_it_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b,GPU-c")
    devices = ("cuda", "cuda", "cpu")
    specs = [
        {"folder": str(tmp_path), "number": number, "device": device}
        for number, device in enumerate(devices)
    ]
    for number in (0, 2):  # these do not die
        (tmp_path / str(number)).touch()
    events: list[dict[str, Any]] = []
    LocalEngine(3, gpus=(2, 0)).run(f"{SHARDS}:show_gpu", specs, events.append)
    seen = sorted((event["number"], event["visible"]) for event in events)
    assert seen == [(0, "GPU-c"), (1, "GPU-a"), (1, "GPU-a"), (2, "GPU-a,GPU-b,GPU-c")]


def test_two_gpus_take_from_one_queue_and_workers_come_back_to_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    events: list[dict[str, Any]] = []

    class Listening(LocalEngine):
        def run(self, function: str, specs: Sequence[Spec], on_event: Emit) -> None:
            def listen(event: dict[str, Any]) -> None:
                events.append(event)
                on_event(event)

            super().run(function, specs, listen)

    engine, done = Listening(None, gpus=(0, 1)), []
    engine.n_workers = 16
    engine.share(
        f"{SHARDS}:take_units",
        {"folder": str(tmp_path), "device": "cuda"},
        list(range(6)),
        what="train",
        progress=lambda *call: done.append(call),
        group_size=4,
        per_gpu=1,
    )
    assert sorted(event["index"] for event in events) == list(range(6))
    assert done[-1] == ("train", 6, 6)
    # A worker a GPU and no more; each died once, and none changed its GPU.
    assert sorted(path.name for path in (tmp_path / "died").iterdir()) == ["0", "3"]
    assert {(event["start"], event["visible"]) for event in events} == {("0", "0"), ("3", "1")}


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_the_caller_raises_ends_the_shards(error: type[BaseException]) -> None:
    pids: list[int] = []

    def stop(event: dict[str, Any]) -> None:
        pids.append(event["pid"])
        raise error

    with pytest.raises(error):
        LocalEngine(1).run(f"{SHARDS}:wait_forever", [{}], stop)
    assert not Path(f"/proc/{pids[0]}").exists()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("kit", r"^the reason, and what to do$"),
        ("disk", r"/full must be read and written, got: No space left.*make room there"),
        ("read-only", r"/frozen must be read and written, got: Read-only.*read-only: name another"),
    ],
)
def test_what_the_kit_says_of_its_failure_reaches_the_user_as_it_is(
    kind: str, message: str
) -> None:
    with pytest.raises(ShardFailed, match=message) as failed:
        run("fail_as_kit", [{"kind": kind}])
    assert "Traceback" not in str(failed.value) and failed.value.exit_code == 1


def test_events_may_be_longer_than_a_pipe_holds() -> None:
    (event,) = run("say_much", [{"n_bytes": 300_000}])
    assert event == {"said": "x" * 300_000}


@needs_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_the_kit(number: signal.Signals) -> None:
    command = [sys.executable, "-c", KIT]
    kit = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
    )
    pids = [int(line(kit)), int(line(kit))]
    kit.send_signal(number)
    _, errors = kit.communicate(timeout=60)
    assert kit.returncode == -number or "Stopped" in errors
    assert all(has_ended(pid) for pid in pids)
