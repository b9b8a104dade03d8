"""Every method on a GPU that is not there, as runs of it are made."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from scorer.runner.child.contract import make_loader
from scorer.runner.child.submission import PACKAGE, call
from scorer.runner.load import BASELINES, Submission, methods_in
from scorer.runner.program import install_code
from scorer.settings import PROJECT_ROOT
from tests.baselines._network import pattern_examples, trained_net
from tests.rehearsal._gpu import DEVICE, rehearsal
from tests.training._common import largest_difference

SIZES = {"retain": 50, "forget": 70, "val": 20}
"""Examples of each set; forget makes more than one batch."""


def examples() -> dict[str, Any]:
    """Return images, labels and nothing else of each set."""
    drawn = {name: pattern_examples(n, seed) for seed, (name, n) in enumerate(SIZES.items(), 1)}
    return {name: (each.images, each.labels, {}) for name, each in drawn.items()}


def unlearned(name: str, net: nn.Module) -> nn.Module:
    """Return what a baseline makes of a network."""
    loaders = [make_loader(*one) for one in examples().values()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return importlib.import_module(f"baselines.{name}").unlearning(net, *loaders)


@pytest.mark.parametrize("name", sorted(methods_in(BASELINES)))
def test_every_baseline_gives_what_it_gives_on_a_cpu(name: str) -> None:
    expected = unlearned(name, trained_net())
    with rehearsal():
        found = unlearned(name, trained_net().to(DEVICE))
        assert {value.device for value in found.state_dict().values()} == {DEVICE}
        assert largest_difference(found.cpu(), expected) < 1e-5


@pytest.fixture
def call_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable[..., Any]]:
    """Return a function that calls a submission as a run of it does, given its text.

    What a call changes of its own process is put back: here it is that of the tests.
    """
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, f"{PACKAGE}.unlearn", None)

    def prepared(text: str) -> Callable[..., Any]:
        file = tmp_path / "unlearn.py"
        file.write_text(text)
        submission = Submission.read(file)
        install_code(tmp_path, submission.code, BASELINES)
        entry = submission.code.entry.as_facts()
        order = {"seed": 1, "shown_path": "unlearn.py", "main": submission.code.main}
        package = tmp_path / "source" / PACKAGE

        def run(net: nn.Module) -> Any:
            states = random.getstate(), np.random.get_state()
            with torch.random.fork_rng(devices=[]):
                try:
                    told = {**order, "entry": entry}
                    return call(package, told, net, examples(), tmp_path, nullcontext())
                finally:
                    random.setstate(states[0])
                    np.random.set_state(states[1])

        return run

    return prepared


ENTRY = (PROJECT_ROOT / "submission" / "unlearn.py").read_text()


def test_a_run_on_the_gpu_saves_what_one_on_a_cpu_saves(call_of: Any, tmp_path: Path) -> None:
    of_equal_lengths = ENTRY.replace('on_gpu = device.type == "cuda"', "on_gpu = False")
    assert of_equal_lengths != ENTRY
    run = call_of(of_equal_lengths)
    assert run(trained_net()) == {"fault": None}
    expected = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    with rehearsal():
        assert run(trained_net().to(DEVICE)) == {"fault": None}
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(found[name], expected[name])


def test_the_entry_ends_well_with_what_it_does_on_a_gpu(call_of: Any, tmp_path: Path) -> None:
    with rehearsal():
        assert call_of(ENTRY)(trained_net().to(DEVICE)) == {"fault": None}
    found = load_file(tmp_path / "model.safetensors")
    assert all(value.isfinite().all() for value in found.values())


def test_a_submission_that_mixes_devices_is_told(call_of: Any) -> None:
    planted = ENTRY.replace("(images.to(device), labels.to(device))", "(images.to(device), labels)")
    assert planted != ENTRY
    with rehearsal():
        message = call_of(planted)(trained_net().to(DEVICE))
    assert message["fault"] == "raised"
    assert "cuda:1" in message["message"]
