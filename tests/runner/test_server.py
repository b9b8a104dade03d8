"""What does not start is the kit's fault; what is lost or speaks oddly is the run's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from scorer.errors import ScorerError
from scorer.runner.server import Server, ServerLost

ANSWER = {"elapsed_s": 1.0, "cpu_s": 1.0, "peak_mib": 1.0, "exit_code": 0, "ended": "", "log": ""}
READY = "import sys, time\nprint('ready', flush=True)\nline = sys.stdin.readline()\n"


def server(folder: Path, code: str) -> Server:
    """Return the kit's end of a process that runs some code."""
    return Server(lambda: [sys.executable, "-c", code], folder, os.environ)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit(7)", "must start, got exit code 7"),
        ("import os; os.abort()", "must start, got signal 6"),
        ("print('hello', flush=True); input()", "must say b'ready"),
        ("print('x' * 2**17, end='', flush=True); input()", "must start"),
    ],
)
def test_what_does_not_start_is_no_submission_s_fault(
    tmp_path: Path, code: str, message: str
) -> None:
    with pytest.raises(ScorerError, match=message):
        server(tmp_path, code).ask(b"{}\n", 1.0)


@pytest.mark.parametrize(
    ("code", "message", "is_forged"),
    [
        ("raise SystemExit(3)", "ended with exit code 3", False),
        ("import os; os.kill(os.getpid(), 9)", "ended with signal 9", False),
        ("print('[]', flush=True); input()", "not the kit's", True),
        ("print('{\"elapsed_s\": 0.001}', flush=True); input()", "not the kit's", True),
        ("print('[' * 60000, flush=True); input()", "not the kit's", True),
        ("print('x' * 2**17, end='', flush=True); input()", "not the kit's", True),
        (
            "sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush(); input()",
            "not the kit's",
            True,
        ),
    ],
)
def test_what_is_lost_or_speaks_oddly(
    tmp_path: Path, code: str, message: str, is_forged: bool
) -> None:
    end = server(tmp_path, READY + code)
    with pytest.raises(ServerLost, match=message) as caught:
        end.ask(b"{}\n", 30.0)
    assert caught.value.is_forged == is_forged
    assert end.process is None, "the next request starts another"


def test_silence_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorer.runner.server.GRACE_S", 0.0)
    monkeypatch.setattr("scorer.runner.server.STOP_S", 0.0)
    with pytest.raises(ServerLost, match="did not answer"):
        server(tmp_path, READY + "time.sleep(600)").ask(b"{}\n", 0.1)


def test_answers_come_one_by_one_from_one_process(tmp_path: Path) -> None:
    code = f"print('ready', flush=True)\nwhile input(): print({json.dumps(ANSWER)!r}, flush=True)"
    end = server(tmp_path, code)
    try:
        assert [end.ask(b"{}\n", 30.0) for _ in range(2)] == [ANSWER, ANSWER]
        process = end.process
        assert process is not None
    finally:
        end.stop()
    assert process.poll() is not None and end.stop() == "nothing"
