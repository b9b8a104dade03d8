"""Errors: what is not there is answered with what is near."""

from __future__ import annotations

import pytest

from scorer.errors import unknown_name


@pytest.mark.parametrize("name", ["exat", "EXACT", "Exat"])
def test_capitals_do_not_hide_what_is_near(name: str) -> None:
    message = str(unknown_name("rule", name, ["exact", "competition"]))
    assert message == f"unknown rule {name!r}. Did you mean exact? Known: competition, exact"
