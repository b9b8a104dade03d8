"""What runs start from is written by the kit, and written anew where somebody else has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from scorer.oracles.pool import Pool
from scorer.runner.adapt import code_of
from scorer.runner.adapt.code import MAIN
from scorer.runner.child.submission import PACKAGE
from scorer.runner.host import SubmissionHost
from scorer.runner.inputs import Inputs
from scorer.runner.sandboxes import SANDBOXES
from tests.runner._hosts import function, host_of, run

PLAIN = """
import os, pathlib, time
place = pathlib.Path(__file__).parents[3]
def rewrite(path, content):
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=times)
"""

TOUCHES = {
    "the sets, with their time": (
        "path = place / 'in' / 'sets.safetensors'\nrewrite(path, path.read_bytes()[:-1] + b'x')"
    ),
    "the original, with its time": (
        "path = next(place.glob('in/original-*'))\nrewrite(path, path.read_bytes()[:-1] + b'x')"
    ),
    "the original, removed": "next(place.glob('in/original-*')).unlink()",
    "the submission": "pathlib.Path(__file__).write_text('def unlearning(*_): pass')",
    "the program": "(place / 'program' / 'unlearning_child' / 'meter.py').write_text('')",
    "a file more": "(place / 'in' / 'torch.py').write_text('')",
    "a link": "os.symlink('/etc/passwd', place / 'in' / 'more')",
}


@pytest.mark.parametrize("name", TOUCHES)
def test_inputs_that_were_changed_are_noticed_and_written_anew(tmp_path: Path, name: str) -> None:
    inputs = Inputs(tmp_path, {}, {"retain_images": torch.zeros(2, 1, 8, 8)})
    inputs.set_code(code_of({MAIN: function("pass").encode()}))
    inputs.set_original({"weight": torch.ones(2, 3)})

    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    written = contents()
    assert not inputs.are_touched()
    file = tmp_path / "in" / "source" / PACKAGE / inputs.told["main"]
    assert file in written
    exec(PLAIN + TOUCHES[name], {"__file__": str(file)})
    assert inputs.are_touched()
    inputs.restore()
    assert contents() == written and not inputs.are_touched()


@pytest.fixture(scope="module")
def host(tiny_pool: Pool) -> Iterator[SubmissionHost]:
    """Start one process that keeps nothing apart."""
    with host_of(tiny_pool, SANDBOXES["process"](), timeout_s=60.0) as started:
        yield started


@pytest.mark.parametrize("name", ["the sets, with their time", "the program"])
def test_inputs_that_a_run_changes_are_written_anew(host: SubmissionHost, name: str) -> None:
    """Under `process`, the one tier in which a run can."""
    state, answer = run(host, PLAIN + TOUCHES[name])
    assert (state, answer["fault"]) == (None, "tampered"), answer
    state, answer = run(host, "net.fc.bias.data += 1")
    assert state is not None, answer
    assert torch.allclose(state["fc.bias"], host.original["fc.bias"] + 1)
