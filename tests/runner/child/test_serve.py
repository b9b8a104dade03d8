"""What a server does before it serves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scorer.runner.child.serve import KIT, hide_the_kit


def test_the_kit_goes_from_the_path_and_packages_that_it_lies_among_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout, packages, others = (tmp_path / name for name in ("checkout", "site-packages", "lib"))
    for place in (checkout, packages):
        (place / "scorer" / "runner").mkdir(parents=True)
    for name in KIT:
        monkeypatch.setitem(sys.modules, name, sys)
    monkeypatch.setattr(sys, "path", [str(each) for each in (checkout, packages, others)])
    hide_the_kit()
    assert sys.path == [str(packages), str(others)]
    assert [sys.modules[name] for name in KIT] == [None] * len(KIT)
