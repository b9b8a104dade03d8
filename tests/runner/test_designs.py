"""Designs: which original each run starts from."""

from __future__ import annotations

import pytest

from scorer.errors import UsageError
from scorer.runner.designs import DESIGNS


@pytest.mark.parametrize(
    ("name", "originals"),
    [
        ("reuse-1", [0, 0, 0, 0]),
        ("reuse-2", [0, 1, 0, 1]),
        ("reuse-4", [0, 1, 2, 3]),
        ("reuse-n", [0, 1, 2, 3]),
    ],
)
def test_runs_start_from_the_originals_of_their_design(name: str, originals: list[int]) -> None:
    assert DESIGNS[name].originals(4) == originals


def test_a_run_keeps_its_original_when_n_grows() -> None:
    assert DESIGNS["reuse-8"].originals(64)[:32] == DESIGNS["reuse-8"].originals(32)


@pytest.mark.parametrize("name", ["reuse-3", "reuse-8"])
def test_originals_that_cannot_be_shared_equally_are_refused(name: str) -> None:
    number = name[-1]
    with pytest.raises(UsageError, match=rf"must be a multiple of {number}, got 4"):
        DESIGNS[name].originals(4)


@pytest.mark.parametrize(
    "name", ["reuse-0", "reuse-01", "reuse--1", "reuse-", "reuse-K", "xreuse-1"]
)
def test_other_names_are_unknown(name: str) -> None:
    assert name not in DESIGNS
    with pytest.raises(UsageError, match=rf"unknown design {name!r}.*reuse-1, reuse-8, reuse-n"):
        DESIGNS[name]


def test_every_listed_design_is_known_and_says_what_it_is() -> None:
    assert len(DESIGNS) == len({design.summary for design in DESIGNS.values()})
    assert all(design.name == name for name, design in DESIGNS.items())
