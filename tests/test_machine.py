"""The machine as results name it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scorer.machine import machine, processor_name, workers_on
from scorer.settings import n_cores


def test_the_processor_has_a_name(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Some Processor 9000\nflags : x\n")
    assert processor_name(info) == "Some Processor 9000"
    assert processor_name(tmp_path / "absent")


def test_a_result_on_a_cpu_names_the_processor() -> None:
    facts = machine("cpu")
    assert (facts["device_name"], facts["cores"]) == (processor_name(), n_cores())
    assert n_cores() >= 1


def test_gpus_bound_the_workers_and_cpus_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert workers_on("cpu", 3) is None
    assert workers_on("cuda", 3) == 6
