"""One submission's process: what it is given, and the name of everything that can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from scorer.oracles.pool import Pool
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.sandboxes.process import ProcessSandbox
from scorer.runner.tiers import resolve
from tests.runner._hosts import START, function, host_of, run, run_file, set_file


@pytest.fixture(scope="module")
def host(tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process of the best tier; tests exchange the file that its forks import."""
    with host_of(tiny_pool, SANDBOXES[resolve("auto")]()) as started:
        yield started


FAULTY = {
    "syntax": ("def unlearning(net, retain, forget, val:\n", "import_error", "SyntaxError"),
    "missing module": ("import no_such_module\n", "import_error", "no_such_module"),
    "exits on import": (
        "raise SystemExit(0)\n" + START + "    pass\n",
        "import_error",
        "SystemExit",
    ),
    "no function": ("def other(): pass\n", "bad_signature", "must define unlearning(net,"),
    "three parameters": ("def unlearning(a, b, c): pass\n", "bad_signature", "got no val"),
    "raises": (START + "    raise KeyError('my own')\n", "raised", "my own"),
    "exits": (START + "    raise SystemExit(0)\n", "raised", "SystemExit"),
    "returns a number": (START + "    return 3\n", "bad_return", "got int"),
    "other architecture": (
        START + "    return torch.nn.Linear(2, 2)\n",
        "shape_mismatch",
        "missing",
    ),
    "other shape": (
        START + "    net.fc = torch.nn.Linear(64, 9)\n    return net\n",
        "shape_mismatch",
        "must have shape [10",
    ),
    "other dtype": (START + "    return net.double()\n", "shape_mismatch", "dtype"),
    "half precision": (START + "    return net.bfloat16()\n", "shape_mismatch", "bfloat16"),
    "not a number": (
        START + "    net.fc.weight.data[0, 0] = float('nan')\n",
        "non_finite",
        "`fc.weight`",
    ),
    "hangs": (START + "    while True: pass\n", "timeout", "3 s"),
    "dies": (
        START + "    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n",
        "killed",
        "signal 9",
    ),
    "leaves quietly": (START + "    import os; os._exit(0)\n", "killed", "exit code 0"),
    "eats memory": (START + "    torch.ones(2**40)\n", "out_of_memory", "memory"),
    "fills the disk": (START + "    open('big', 'wb').truncate(2**31)\n", "raised", "large"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_faults_have_names(host: SubmissionHost, name: str) -> None:
    source, fault, message = FAULTY[name]
    state, answer = run_file(host, source)
    assert state is None
    assert (answer["fault"], message in answer["message"]) == (fault, True), answer


def test_the_trace_names_the_line_of_the_submissions_own_file(host: SubmissionHost) -> None:
    _, answer = run(host, "helper = torch.nn.Linear(2, 2)\nreturn helper(torch.zeros(3))")
    assert answer["fault"] == "raised"
    assert 'File "submission/mine.py", line 4, in unlearning' in answer["trace"]
    assert "return helper(torch.zeros(3))" in answer["trace"]
    assert "torch/nn" not in answer["trace"]


def test_none_means_the_network_was_changed_in_place(host: SubmissionHost) -> None:
    state, answer = run(host, "net.fc.bias.data += 1")
    assert answer["fault"] is None
    np.testing.assert_allclose(state["fc.bias"], host.original["fc.bias"] + 1, rtol=1e-6)
    np.testing.assert_array_equal(state["conv1.weight"], host.original["conv1.weight"])


def test_every_run_starts_from_the_original_in_eval_mode(host: SubmissionHost) -> None:
    body = "assert not net.training\nnet.fc.bias.data += 1\ntorch.nn.x = 1"
    for _ in range(2):
        state, _ = run(host, "assert not hasattr(torch.nn, 'x')\n" + body)
        np.testing.assert_allclose(state["fc.bias"], host.original["fc.bias"] + 1, rtol=1e-6)


def test_the_seed_decides(host: SubmissionHost) -> None:
    body = (
        "import random, numpy\n"
        "net.fc.bias.data[:3] = torch.tensor([random.random(), numpy.random.rand(), torch.rand(1)])"
    )
    one, same, other = (run(host, body, seed)[0]["fc.bias"][:3] for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()


def test_what_it_is_given(host: SubmissionHost, tiny_pool: Pool) -> None:
    sizes = {s: len(tiny_pool.task.indices(s)) for s in ("retain", "forget", "val")}
    body = (
        f"sizes = {sizes}\n"
        "for name, loader in zip(sizes, (retain, forget, val)):\n"
        "    assert len(loader.dataset) == sizes[name]\n"
        "    assert isinstance(loader, torch.utils.data.DataLoader)\n"
        "import os\n"
        "assert 'SECRET_TOKEN' not in os.environ, os.environ\n"
        "assert os.getcwd().startswith(os.environ['HOME'])\n"
        "assert torch.get_num_threads() == 1"
    )
    assert run(host, body)[1]["fault"] is None


@pytest.mark.parametrize("name", ["scorer", "scorer.training.loop", "data_prep", "submission"])
def test_the_kit_is_not_to_be_imported(host: SubmissionHost, name: str) -> None:
    answer = run(host, f"import {name}")[1]
    assert answer["fault"] == "raised" and "ModuleNotFoundError" in answer["message"]


def test_secrets_of_the_caller_are_not_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    environment = ProcessSandbox().environment(tmp_path)
    assert "SECRET_TOKEN" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"


def test_a_retraining_forgets_the_original(host: SubmissionHost) -> None:
    state, answer = host.run(1, "reference")
    assert answer["fault"] is None
    assert answer["elapsed_s"] > 0
    assert state is not None
    assert not np.allclose(state["conv1.weight"], host.original["conv1.weight"], atol=0.05)


def test_an_audit_counts_and_a_run_does_not(host: SubmissionHost) -> None:
    body = (
        "import threading\n"
        "def work(): torch.ones(30, 40) @ torch.ones(40, 50)\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start(); thread.join(); torch.compile(work)()\n"
        "class Worker(threading.Thread):\n"
        "    def run(self): work()\n"
        "thread = Worker(); thread.start(); thread.join()\n"
        "class Late(torch.nn.Module):\n"
        "    def state_dict(self): work(); return net.state_dict()\n"
        "return Late()"
    )
    assert "multiply_adds" not in run(host, "pass")[1]
    set_file(host, function(body))
    product, filled = 30 * 40 * 50, 30 * 40 + 40 * 50
    answer = host.run(1, "audit")[1]
    assert answer["fault"] is None, answer
    assert answer["multiply_adds"] == 4 * (product + filled)


def test_temporary_files_are_the_run_s_own(host: SubmissionHost) -> None:
    state, answer = run(host, "import tempfile; tempfile.mkdtemp(); tempfile.NamedTemporaryFile()")
    assert state is not None, answer


def test_the_limit_of_a_run_is_none_of_a_retraining(
    host: SubmissionHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(host.settings, "timeout_s", 1e-3)
    assert run(host, "while True: pass")[1]["fault"] == "timeout"
    assert host.run(1, "reference")[1]["fault"] is None


@pytest.mark.gpu
def test_on_a_gpu_the_clock_starts_when_the_device_is_there(tiny_pool: Pool) -> None:
    source = START + "    for images, labels in retain: net(images.cuda()).sum().backward()\n"
    plain = ProcessSandbox()
    with host_of(tiny_pool, plain, "cuda") as on_gpu, host_of(tiny_pool, plain) as on_cpu:
        counts = []
        for host, text in ((on_gpu, source), (on_cpu, source.replace(".cuda()", ""))):
            set_file(host, text)
            answers = [host.run(1, kind)[1] for kind in ("run", "reference", "audit")]
            assert [answer["fault"] for answer in answers] == [None] * 3, answers
            counts.append(answers[-1]["multiply_adds"])
        run_of_gpu = on_gpu.run(1)[1]
    assert counts[0] == pytest.approx(counts[1], rel=0.02)
    assert run_of_gpu["elapsed_s"] < run_of_gpu["cpu_s"], "to load CUDA takes seconds of it"


def test_the_clock_is_not_the_run_s(host: SubmissionHost) -> None:
    body = (
        "import time\n"
        "end = time.process_time() + 0.1\n"
        "while time.process_time() < end: pass\n"
        "time.time = time.monotonic = time.perf_counter = lambda: 0.0"
    )
    answer = run(host, body)[1]
    assert answer["cpu_s"] >= 0.1 and answer["elapsed_s"] >= 0.1
