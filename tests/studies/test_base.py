"""What a study is told, and how its findings begin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scorer.studies import STUDIES, Settings


@pytest.mark.parametrize(
    ("study", "task", "command"),
    [
        ("boundary", "digits", "python -m scorer study boundary"),
        ("capacity", "digits", "python -m scorer study capacity"),
        ("capacity", "fashion_mnist", "python -m scorer study capacity --task fashion_mnist"),
    ],
)
def test_findings_know_their_command(
    settings: Settings, study: str, task: str, command: str
) -> None:
    chosen = Settings(replace(settings.options, task=task), quick=True)
    found = STUDIES[study].findings(chosen)
    assert (found.command, found.quick) == (command, True)
    assert found.task == (task if STUDIES[study].tasks else None)
    assert found.as_dict()["environment"]["device"] == "cpu"


def test_findings_of_a_gpu_name_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def name_of(*_: Any) -> str:
        return "NVIDIA H200"

    monkeypatch.setattr("torch.cuda.get_device_name", name_of)
    values = STUDIES["capacity"].findings(settings, "cuda").as_dict()
    assert values["environment"]["device"] == "nvidia-h200"
    assert values["environment"]["device_name"] == "NVIDIA H200"
