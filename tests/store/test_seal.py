"""Manifests: whatever bytes a file has, it is this entry's manifest or damaged."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.files import Damaged
from scorer.secret import PUBLIC_SECRET
from scorer.store.seal import BEFORE, BEHIND, Seal

OWN = Seal("place", PUBLIC_SECRET)
FACTS = {"seed": 2**63 - 1, "elapsed_s": 0.1, "name": "é\n", "nested": {"b": [None, True], "a": []}}


def test_what_was_closed_is_opened_by_its_place_and_secret_alone() -> None:
    content = OWN.close(3, FACTS)
    fields = OWN.open(3, content)
    assert {name: fields[name] for name in FACTS} == FACTS
    assert content == OWN.close(3, dict(reversed(FACTS.items()))), "in whatever order"
    for seal, index in ((OWN, 4), (Seal("other", PUBLIC_SECRET), 3), (Seal("place"), 3)):
        with pytest.raises(Damaged):
            seal.open(index, content)


def test_every_bit_counts() -> None:
    content = OWN.close(0, FACTS)
    for position in range(8 * len(content)):
        changed = bytearray(content)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(Damaged):
            OWN.open(0, bytes(changed))
    for changed in (content[:-1], content + b"\n", content[1:], b"", content + content):
        with pytest.raises(Damaged):
            OWN.open(0, changed)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        OWN.close(0, {"elapsed_s": number})


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(lambda code, rest: BEFORE + code + BEHIND + rest, st.binary(), st.binary()),
    )
)
def test_other_bytes_are_damage(content: bytes) -> None:
    with pytest.raises(Damaged):
        OWN.open(0, content)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5)))
def test_any_facts_travel(facts: dict[str, object]) -> None:
    taken = {"index", "edition", "seal", "sha256"}
    kept = {name: value for name, value in facts.items() if name not in taken}
    with suppress(UnicodeEncodeError):
        fields = OWN.open(7, OWN.close(7, kept))
        assert {name: fields[name] for name in kept} == kept
