"""Designs: which original each run starts from."""

from __future__ import annotations

import pytest

from scorer.runner.designs import DESIGNS


@pytest.mark.parametrize(
    ("name", "originals"), [("reuse-1", [0, 0, 0, 0]), ("reuse-n", [0, 1, 2, 3])]
)
def test_runs_start_from_the_originals_of_their_design(name: str, originals: list[int]) -> None:
    assert DESIGNS[name].originals(4) == originals
    assert DESIGNS[name].n_originals(4) == len(set(originals))
