"""What honest methods do works under every tier, and what they do wrong is called by its name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from scorer.oracles.pool import Pool
from scorer.runner.host import SubmissionHost
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import missing
from tests.runner._hosts import START, function, host_of, run, run_file


@pytest.fixture(scope="module", params=["landlock", "bwrap"])
def host(request: pytest.FixtureRequest, tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process of a tier that gives a run time enough."""
    reason = missing(request.param)
    if reason:
        pytest.skip(f"{request.param}: {reason}")
    with host_of(tiny_pool, SANDBOXES[request.param](), timeout_s=120.0) as started:
        yield started


BODIES = {
    "two worker processes load": (
        "data = torch.utils.data.DataLoader(retain.dataset, batch_size=32, num_workers=2)\n"
        "assert sum(len(batch['label']) for batch in data) == len(retain.dataset)"
    ),
    "a worker process loads in shared memory": (
        "data = torch.utils.data.DataLoader(forget.dataset, batch_size=None, num_workers=1,"
        " persistent_workers=True)\n"
        "for _ in range(2): assert len(list(data)) == len(forget.dataset)"
    ),
    "shared tensors of forked processes": (
        "import torch.multiprocessing as mp\n"
        "shared = torch.zeros(3).share_memory_()\n"
        "child = mp.get_context('fork').Process(target=shared.add_, args=(1,))\n"
        "child.start(); child.join()\n"
        "assert shared.sum() == 3"
    ),
    "prints of two megabytes": "for _ in range(2000): print('x' * 1000)",
    "prints at once and to both": (
        "import sys\nprint('x' * 2**21)\nsys.stderr.write('y' * 2**20)\nprint('é \\x1b[31m')"
    ),
    "a child prints": "import os\nos.system('yes | head -c 1000000')",
    "temporary folders": (
        "import tempfile, pathlib\n"
        "folder = tempfile.mkdtemp()\n"
        "pathlib.Path(folder, 'x').write_text('x')\n"
        "with tempfile.NamedTemporaryFile() as file: file.write(b'x' * 2**23)"
    ),
    "temporary files that stay": (
        "import tempfile\n"
        "tempfile.mkstemp()\n"
        "with tempfile.NamedTemporaryFile(delete=False) as file: file.write(b'x')"
    ),
    "workers of a fork server load": (
        "data = torch.utils.data.DataLoader(retain.dataset, batch_size=64, num_workers=1,"
        " multiprocessing_context='forkserver')\n"
        "assert sum(len(labels) for _, labels in data) == len(retain.dataset)"
    ),
    "files of its own": (
        "import os, pathlib\n"
        "path = pathlib.Path('~/.config/mine').expanduser(); path.mkdir(parents=True)\n"
        "torch.save(net.state_dict(), 'teacher.pt')\n"
        "net.load_state_dict(torch.load('teacher.pt'))"
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool: list(pool.map(net, [next(iter(val))[0]] * 2))"
    ),
    "its user has a name": "import getpass, os\nassert getpass.getuser() and os.cpu_count()",
}


@pytest.mark.parametrize("name", BODIES)
def test_it_works(host: SubmissionHost, name: str) -> None:
    state, answer = run(host, BODIES[name])
    assert state is not None, str(answer)


SPAWNED = (
    START + "    import torch.multiprocessing as mp\n"
    "    shared = torch.zeros(1).share_memory_()\n"
    "    mp.spawn(work, args=(shared, net), nprocs=1)\n"
    "    assert shared.tolist() == [1], shared\n"
    "def work(rank, shared, net):\n"
    "    assert type(net).__module__ == 'networks.models'\n"
    "    shared[rank] = rank + 1\n"
)


def test_a_process_is_spawned(host: SubmissionHost) -> None:
    state, answer = run_file(host, SPAWNED)
    assert state is not None, str(answer)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
def test_a_function_is_compiled(host: SubmissionHost) -> None:
    body = (
        "step = torch.compile(lambda x: (x.sin() * 2).sum())\n"
        "assert abs(step(torch.ones(8)).item() - 16 * torch.ones(1).sin().item()) < 1e-3"
    )
    state, answer = run(host, body)
    assert state is not None, str(answer)


SOURCES = {
    "a byte-order mark": b"\xef\xbb\xbf" + function("pass").encode(),
    "a coding line": (
        b"# -*- coding: latin-1 -*-\nNAME = '\xe9\xe8'\n"
        + function("assert len(NAME) == 2").encode()
    ),
    "lines as Windows ends them": function("pass\npass").replace("\n", "\r\n").encode(),
    "annotations that are read": (
        b"import dataclasses\n@dataclasses.dataclass\nclass Plan:\n    epochs: int = 1\n"
        + function("assert Plan.__annotations__ == {'epochs': int}").encode()
    ),
    "its own source is read": (
        function(
            "import inspect\nassert 'def unlearning' in inspect.getsource(unlearning)"
        ).encode()
    ),
    "what the baselines share": (
        b"from baselines import common\nfrom baselines.common import device_of\n"
        + function("assert device_of(net).type == 'cpu'").encode()
    ),
    "installed packages": (
        b"import scipy.optimize, sklearn\ntry:\n    import torchvision.transforms\n"
        b"except ImportError: pass\n" + function("scipy.optimize.minimize").encode()
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_is_read_as_python_reads_it(host: SubmissionHost, name: str) -> None:
    state, answer = run_file(host, SOURCES[name])
    assert state is not None, str(answer)


WRONG = {
    "says memory": ("raise ValueError('cannot allocate memory for this')", "raised"),
    "says torch's words": (
        'raise ValueError("DefaultCPUAllocator: can\'t allocate memory")',
        "raised",
    ),
    "takes memory": ("torch.empty(2**45)", "out_of_memory"),
    "takes Python's memory": ("bytearray(2**45)", "out_of_memory"),
    "cannot be said": (
        "class Mute(Exception):\n    def __str__(self): raise TypeError\nraise Mute",
        "raised",
    ),
    "has no name": (
        "class Meta(type):\n    __module__ = property(lambda self: 1 / 0)\n"
        "class Odd(Exception, metaclass=Meta): pass\nraise Odd",
        "raised",
    ),
    "no state": (
        "class Odd(torch.nn.Module):\n    def state_dict(self): return [1]\nreturn Odd()",
        "bad_return",
    ),
    "a state of numbers": (
        "class Odd(torch.nn.Module):\n    def state_dict(self): return {'a': 1}\nreturn Odd()",
        "bad_return",
    ),
    "float8": ("return net.to(torch.float8_e4m3fn)", "shape_mismatch"),
    "bfloat16": ("return net.bfloat16()", "shape_mismatch"),
    "complex": ("net.fc.bias.data = net.fc.bias.data + 1j\nreturn net", "shape_mismatch"),
    "negative variance": ("net.bn1.running_var -= 1e6", "non_finite"),
    "infinite": ("net.fc.bias.data[0] = float('inf')", "non_finite"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_has_its_own_name(host: SubmissionHost, name: str) -> None:
    body, fault = WRONG[name]
    state, answer = run(host, body)
    assert (state, answer["fault"]) == (None, fault), answer
    assert answer["message"]


def test_what_it_printed_stands_with_its_fault(host: SubmissionHost) -> None:
    answer = run(host, "print('epoch 7', '\\x1b[2J')\nraise KeyError('mine')")[1]
    assert answer["trace"].endswith("last lines that it printed:\nepoch 7 ?[2J")


def test_two_draws_at_import_differ_between_runs(host: SubmissionHost) -> None:
    source = "import torch\nDRAWN = torch.rand(1)\n" + function("net.fc.bias.data[0] = DRAWN")
    draws = {run_file(host, source, seed)[0]["fc.bias"][0].item() for seed in (1, 2, 3)}
    assert len(draws) == 3
