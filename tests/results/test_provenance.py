"""The digest tells which models a score was held against."""

from __future__ import annotations

import numpy as np

from scorer.results.provenance import bank_sha256


def test_any_other_bit_of_either_bank_is_another_digest() -> None:
    rng = np.random.default_rng(0)
    banks = {role: rng.normal(size=(4, 3)) for role in ("oracle", "control", "unlearned")}
    digest = bank_sha256(banks)
    assert digest is not None and len(digest) == 64
    assert bank_sha256({**banks, "unlearned": np.zeros((4, 3))}) == digest
    for role in ("oracle", "control"):
        moved = banks[role].copy()
        moved[1, 2] = np.nextafter(moved[1, 2], np.inf)
        assert bank_sha256({**banks, role: moved}) != digest
    swapped = {"oracle": banks["control"], "control": banks["oracle"]}
    assert bank_sha256(swapped) != digest
    assert bank_sha256({**banks, "oracle": banks["oracle"].reshape(3, 4)}) != digest


def test_without_both_banks_there_is_none() -> None:
    assert bank_sha256({"oracle": np.zeros((4, 3))}) is None
