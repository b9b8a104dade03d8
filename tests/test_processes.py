"""Processes: none outlives whoever started it, and a signal ends a command as it should."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from typing import Any

import pytest

from scorer import processes
from scorer.processes import STOPS, Owner, Stopped, die_with, stoppable
from scorer.settings import PROJECT_ROOT

LONG = ("sleep", "1000")

needs_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="the system ends children with their parent on Linux alone"
)

FAMILY = """
import os, sys
from scorer.processes import die_with
parent = int(sys.argv[1]) or os.getpid()
child = os.fork()
if child == 0:
    die_with(parent)
    os.execvp("sleep", ["sleep", "1000"])
print(child, flush=True)
os.waitpid(child, 0)
"""
"""A parent whose child asks to end with it, or with the process of the number given."""

HURRY = """
import signal
from scorer.processes import Owner, Stopped, stoppable
with stoppable(), Owner() as owner:
    process = owner.start(["sleep", "1000"])
    try:
        print(process.pid, flush=True)
        signal.pause()
    except Stopped:
        print("stopped", flush=True)
        while True:
            signal.pause()
"""
"""Whose cleaning up never ends."""

DAEMONS = """
import subprocess
from scorer.processes import adopting, children, end_children
with adopting():
    subprocess.run(["sh", "-c", "sleep 1000 & setsid sleep 1000 & (setsid sleep 1000 &)"])
    print(len(children()), flush=True)
    end_children(set())
    print(len(children()), flush=True)
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def has_ended(pid: int) -> bool:
    """Tell whether a process that is not ours ends, waiting for it a while."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 60)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_what_an_owner_started_ends_with_its_block(error: type[BaseException] | None) -> None:
    with pytest.raises(error or ZeroDivisionError), Owner() as owner:
        process = owner.start(LONG)
        quick = owner.start(["true"])
        assert owner.forget(quick) == 0
        raise (error or ZeroDivisionError)
    assert process.returncode == -signal.SIGKILL
    assert not processes._owned


def test_its_own_children_end_with_it_too() -> None:
    with Owner() as owner:
        process = owner.start(["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        grandchild = int(process.stdout.readline())
    assert has_ended(grandchild)
    process.stdout.close()


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_in_the_instant_of_a_start_waits_until_it_can_be_ended(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    born: list[subprocess.Popen[bytes]] = []

    def interrupted(*arguments: Any, **how: Any) -> subprocess.Popen[bytes]:
        born.append(popen(*arguments, **how))
        os.kill(os.getpid(), number)
        return born[0]

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(Stopped) as stopped, stoppable(), Owner() as owner:
        owner.start(LONG)
    assert stopped.value.exit_code == 128 + number
    assert born[0].returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", STOPS)
def test_signals_are_raised_and_the_handlers_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=number.name), stoppable():
        os.kill(os.getpid(), number)
        signal.pause()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", STOPS)
def test_what_was_ignored_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with stoppable():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", STOPS)
def test_a_second_signal_ends_all_at_once(number: signal.Signals) -> None:
    process = started(HURRY)
    child = int(line(process))
    process.send_signal(signal.SIGTERM)
    assert line(process) == "stopped"
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert has_ended(child)


@needs_linux
def test_the_system_ends_a_child_whose_parent_is_killed() -> None:
    process = started(FAMILY, "0")
    child = int(line(process))
    process.kill()
    process.wait()
    assert has_ended(child)


@needs_linux
def test_a_child_whose_parent_was_gone_before_it_could_ask_ends_itself() -> None:
    process = started(FAMILY, "1")
    assert has_ended(int(line(process)))
    assert process.wait(60) == 0


def test_a_process_lives_on_where_its_parent_does() -> None:
    pid = os.fork()
    if pid == 0:
        die_with(os.getppid())
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@needs_linux
def test_daemons_are_adopted_and_ended() -> None:
    process = started(DAEMONS)
    assert [line(process), line(process)] == ["3", "0"]
    assert process.wait(60) == 0
