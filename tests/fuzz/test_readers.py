"""No reader of what may be anybody's bytes ends in an error that it does not name."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS

often = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
each_reader = pytest.mark.parametrize("name", READERS)


@each_reader
def test_good_bytes_are_read(name: str) -> None:
    assert READERS[name].try_on(READERS[name].good()) is None


@each_reader
@often
@given(content=st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    READERS[name].try_on(content)


@each_reader
@often
@given(
    place=st.floats(0, 1, exclude_max=True), new=st.binary(max_size=12), taken=st.integers(0, 40)
)
def test_good_bytes_with_a_part_changed_are_read_or_refused(
    name: str, place: float, new: bytes, taken: int
) -> None:
    good = READERS[name].good()
    at = int(place * len(good))
    READERS[name].try_on(good[:at] + new + good[at + taken :])
    READERS[name].try_on(good[:at])
