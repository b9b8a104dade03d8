"""What a run writes about itself is a message: whatever it is, the fault is the run's, not ours."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save

from scorer.oracles.pool import Pool
from scorer.runner.faults import FAULTS
from scorer.runner.host import SubmissionHost
from scorer.runner.messages import (
    SAID,
    TooLarge,
    Unbelievable,
    printable,
    read_answer,
    read_plain,
    read_status,
)
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import resolve
from scorer.runner.weights import forms_of, read_state
from tests.runner._hosts import host_of, run


@pytest.fixture(scope="module")
def host(tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process of the best tier."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scorer.runner.host.N_FILES", 5000)
        patch.setattr("scorer.runner.host.N_PROCESSES", 8)
        sandbox = SANDBOXES[resolve("auto")]()
        with host_of(tiny_pool, sandbox, timeout_s=60.0, memory_mib=900.0) as started:
            yield started


OUT = "import os, pathlib\nout = pathlib.Path.cwd().parent\n"
GOOD = "from safetensors.torch import save_file\nsave_file(net.state_dict(), 'm')\n"
STATUS = OUT + "(out / 'status.json').write_text({text!r})\n" + GOOD
STATUS += "os.rename('m', out / 'model.safetensors')\nos._exit(0)"

TEXTS = {
    "a list": "[]",
    "a number": "3",
    "nothing": "",
    "not a number": "NaN",
    "text": '"fault"',
    "no JSON": "{",
    "without a key": "{}",
    "one key more": '{"fault": null, "elapsed_s": 0.001}',
    "a time": '{"fault": null, "elapsed_s": -3.0, "cpu_s": 1e300}',
    "a fault that it cannot know": '{"fault": "timeout", "message": "", "trace": ""}',
    "a fault that nobody knows": '{"fault": "mine", "message": "", "trace": ""}',
    "a fault that is a list": '{"fault": ["raised"], "message": "", "trace": ""}',
    "a message that is a number": '{"fault": "raised", "message": 3, "trace": ""}',
    "deep": "[" * 60_000,
    "long": '{"fault": null' + " " * 70_000 + "}",
}

PUTS = {
    "a pipe for its status": OUT + "os.mkfifo(out / 'status.json')\nos._exit(0)",
    "a link for its status": OUT + "os.symlink('/etc/passwd', out / 'status.json')\nos._exit(0)",
    "a folder for its status": OUT + "os.mkdir(out / 'status.json')\nos._exit(0)",
    "a device for its status": OUT + "os.symlink('/dev/zero', out / 'status.json')\nos._exit(0)",
    "letters that are none": OUT + "(out / 'status.json').write_bytes(b'\\xff\\xfe')\nos._exit(0)",
}

SAYS_WELL = "(out / 'status.json').write_text('{\"fault\": null}')\nos._exit(0)"

WEIGHTS = {
    "no weights": "",
    "a pipe": "os.mkfifo(out / 'model.safetensors')\n",
    "a link to a pipe": "os.mkfifo('p'); os.symlink('scratch/p', out / 'model.safetensors')\n",
    "a link": "os.symlink('/etc/passwd', out / 'model.safetensors')\n",
    "a device": "os.symlink('/dev/zero', out / 'model.safetensors')\n",
    "a folder": "os.mkdir(out / 'model.safetensors')\n",
    "few bytes": "(out / 'model.safetensors').write_bytes(b'x')\n",
    "a head of any length": "(out / 'model.safetensors').write_bytes(b'\\xff' * 64)\n",
    "a deep head": (
        "head = b'[' * 60000\n"
        "(out / 'model.safetensors').write_bytes(len(head).to_bytes(8, 'little') + head)\n"
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_status_that_no_run_would_write(host: SubmissionHost, name: str) -> None:
    state, answer = run(host, STATUS.format(text=TEXTS[name]))
    assert (state, answer["fault"]) == (None, "tampered"), answer


@pytest.mark.parametrize("name", PUTS)
def test_something_else_in_place_of_the_status(host: SubmissionHost, name: str) -> None:
    state, answer = run(host, PUTS[name])
    assert (state, answer["fault"]) == (None, "tampered"), answer
    assert "root:" not in json.dumps(answer)


@pytest.mark.parametrize("name", WEIGHTS)
def test_something_else_in_place_of_the_weights(host: SubmissionHost, name: str) -> None:
    state, answer = run(host, OUT + WEIGHTS[name] + SAYS_WELL)
    assert (state, answer["fault"]) == (None, "bad_return"), answer


def test_a_run_that_says_itself_that_all_is_well_is_measured_all_the_same(
    host: SubmissionHost,
) -> None:
    body = "import time\ntime.sleep(0.2)\n" + STATUS.format(text='{"fault": null}')
    state, answer = run(host, body)
    assert state is not None and answer["elapsed_s"] >= 0.2


BURDENS = {
    "folders nested deep": (
        "import os\nfor _ in range(3000): os.mkdir('d'); os.chdir('d')\nraise KeyError('end')",
        "raised",
    ),
    "folders closed to all": (
        "import os\nos.makedirs('a/b'); os.chmod('a/b', 0); os.chmod('a', 0)\n"
        "raise KeyError('end')",
        "raised",
    ),
    "endless recursion": ("def f(): f()\nf()", "raised"),
    "a file too large": ("open('big', 'wb').truncate(2**40)", "raised"),
    "files too many": (
        "import pathlib\nfor i in range(10**6): pathlib.Path(str(i)).touch()",
        "killed",
    ),
    "stops itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
    "stops its server": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)\nraise KeyError('end')",
        "raised",
    ),
    "aborts": ("import os\nos.abort()", "killed"),
    "shuts everything": ("import os\nos.closerange(0, 100)\nraise KeyError('end')", "raised"),
    "forks without end": (
        "import os, time\nwhile True:\n    try: os.fork()\n    except OSError: pass\n"
        "    time.sleep(0.1)",
        "killed",
    ),
    "prints without end": ("while True: print('x' * 10**6)", "timeout"),
    "memory in a child": (
        "import os\nif os.fork() == 0: x = bytearray(2**29) + bytearray(2**29)\nos.wait()\n"
        "raise KeyError('end')",
        None,
    ),
    "memory that is shared": (
        "import mmap, time\nx = mmap.mmap(-1, 2**30)\n"
        "for _ in range(2**10): x.write(b'x' * 2**20)\ntime.sleep(60)",
        "out_of_memory",
    ),
}


@pytest.mark.parametrize("name", BURDENS)
def test_a_burden_is_ended_and_the_next_run_is_unharmed(
    host: SubmissionHost, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    body, fault = BURDENS[name]
    with monkeypatch.context() as patch:
        if fault == "timeout":
            patch.setitem(host.settings, "timeout_s", 1.0)
        state, answer = run(host, body)
    assert state is None and answer["fault"] in ({fault} if fault else FAULTS), answer
    assert not list((host.folder / "out").iterdir())
    state, answer = run(host, "pass")
    assert state is not None, answer


ANSWER = {"elapsed_s": 1.0, "cpu_s": 1.0, "peak_mib": 1.0, "exit_code": 0, "ended": "", "log": ""}


@pytest.mark.parametrize(
    "change",
    [
        {"elapsed_s": -1.0},
        {"cpu_s": float("nan")},
        {"peak_mib": float("inf")},
        {"elapsed_s": "1"},
        {"elapsed_s": True},
        {"exit_code": 1.5},
        {"ended": "well"},
        {"ended": []},
        {"log": None},
        {"more": 1},
    ],
)
def test_an_answer_that_no_server_sends(change: dict[str, Any]) -> None:
    assert read_answer(json.dumps(ANSWER).encode()) == ANSWER
    with pytest.raises(Unbelievable):
        read_answer(json.dumps(ANSWER | change).encode())


often = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(SAID), inner),
    max_leaves=8,
)
KEYS = ("fault", "message", "trace", "multiply_adds", "kit", *ANSWER)


@often
@given(st.binary() | st.dictionaries(st.sampled_from(KEYS), JSON), st.booleans())
def test_any_bytes_are_a_message_or_unbelievable(value: Any, is_audit: bool) -> None:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    for read in (lambda: read_status(content, is_audit=is_audit), lambda: read_answer(content)):
        try:
            read()
        except Unbelievable:
            continue


STATE = {"a": torch.ones(2, 3), "b.running_var": torch.ones(2)}


def read_back(folder: Path, content: bytes) -> str | None:
    """Return the fault of the content of a file of weights."""
    (folder / "model.safetensors").write_bytes(content)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        good = save(STATE)
        _, fault = read_state(descriptor, forms_of(good), len(good))
        return fault.fault if fault else None
    finally:
        os.close(descriptor)


@often
@given(st.integers(0, 2**16), st.integers(0, 255), st.binary(max_size=40))
def test_any_change_of_the_weights_is_a_fault_or_other_weights(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, more: bytes
) -> None:
    folder, content = tmp_path_factory.getbasetemp(), bytearray(save(STATE))
    content[at % len(content)] = byte
    known = {None, "bad_return", "shape_mismatch", "non_finite"}
    assert read_back(folder, bytes(content)) in known
    assert read_back(folder, bytes(content[: at % len(content)]) + more) in known


HEADS = {
    "a list": [],
    "a tensor that is a list": {"a": []},
    "no dtype": {"a": {"shape": [1], "data_offsets": [0, 4]}},
    "a shape that is a number": {"a": {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]}},
    "ends where it does not": {
        "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 999]},
        "b.running_var": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    },
    "one in the other": {
        "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b.running_var": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
    },
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_does_not_hold(tmp_path: Path, name: str) -> None:
    head = json.dumps(HEADS[name]).encode()
    assert read_back(tmp_path, struct.pack("<Q", len(head)) + head + bytes(32)) == "bad_return"


def test_weights_are_read_whole(tmp_path: Path) -> None:
    assert read_back(tmp_path, save(STATE)) is None
    assert read_back(tmp_path, save({**STATE, "c": torch.ones(1)})) == "shape_mismatch"
    assert read_back(tmp_path, save({**STATE, "a": torch.ones(3, 2)})) == "shape_mismatch"
    assert read_back(tmp_path, save({**STATE, "a": torch.ones(2**20)})) == "shape_mismatch"
    assert read_back(tmp_path, save({**STATE, "b.running_var": -torch.ones(2)})) == "non_finite"


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert read_plain("x", descriptor, 5) == b"12345"
        with pytest.raises(TooLarge, match="at most 4 bytes, got 5"):
            read_plain("x", descriptor, 4)
        with pytest.raises(FileNotFoundError):
            read_plain("y", descriptor, 4)
    finally:
        os.close(descriptor)


def test_what_moves_a_terminal_is_not_shown() -> None:
    assert printable("a\x1b[31m\tb\u202e\n\x00") == "a?[31m\tb?\n?"
