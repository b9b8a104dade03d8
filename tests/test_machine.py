"""The machine as results name it."""

from __future__ import annotations

from pathlib import Path

from scorer.limits import n_cores
from scorer.machine import machine, processor_name


def test_the_processor_has_a_name(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: Some Processor 9000\nflags : x\n")
    assert processor_name(info) == "Some Processor 9000"
    assert processor_name(tmp_path / "absent")


def test_a_result_on_a_cpu_names_the_processor() -> None:
    facts = machine("cpu")
    assert (facts["device_name"], facts["cores"]) == (processor_name(), n_cores())
    assert n_cores() >= 1
