"""Measures of banks as they are kept: float32, of any width, and views where models repeat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from scorer.measures import measure
from scorer.measures._by_set import Divergence, of_examples
from scorer.measures.base import Evidence
from scorer.metric.klom import jeffreys_divergence, klom
from scorer.metric.rules import make_rule
from scorer.oracles.outputs import Bank
from scorer.runner.designs import DESIGNS
from tests.measures._costs import run_costs

N_MODELS = 16
SIZES = {"forget": 13, "retain": 31, "val": 7, "test": 9}
RUN_COSTS = run_costs()


def kept_bank(seed: int, n_models: int = N_MODELS) -> Bank:
    """Return a bank as stores hold them."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, n in SIZES.items():
        confidences = (1.0 + 2.0 * rng.normal(size=(n_models, n))).astype(np.float32)
        arrays |= {f"confidence_{name}": confidences, f"correct_{name}": confidences > 0}
    return Bank(arrays)


def evidence_of(banks: dict[str, Any], design: str) -> Evidence:
    return Evidence(
        banks=banks,
        stratum=np.array(["hard"] * 5 + ["random"] * 8),
        rule=make_rule("competition"),
        budget=0.2,
        costs=RUN_COSTS,
        originals=tuple(DESIGNS[design].originals(N_MODELS)),
    )


@pytest.mark.parametrize("design", ["reuse-1", "reuse-8", "reuse-n"])
def test_every_number_is_that_of_whole_copies_in_float64(design: str) -> None:
    originals = DESIGNS[design].originals(N_MODELS)
    roles = ("unlearned", "oracle", "control")
    kept = {role: kept_bank(seed) for seed, role in enumerate(roles)}
    kept["floor"] = kept_bank(9, max(originals) + 1).take(originals)
    copied = {
        role: Bank({
            name: np.array(array, np.float64 if array.dtype == np.float32 else None, order="C")
            for name, array in bank.arrays.items()
        })
        for role, bank in kept.items()
    }  # fmt: skip
    found, expected = (measure(evidence_of(banks, design)) for banks in (kept, copied))
    assert found.values == expected.values
    assert found.missing == expected.missing
    for name, array in found.arrays.items():
        np.testing.assert_array_equal(array, expected.arrays[name])
        if name.endswith("_confidence"):
            assert array.dtype == np.float32


def test_the_metric_gets_float64_in_the_order_of_copies() -> None:
    floor = kept_bank(0, 1).take([0] * N_MODELS)
    evidence = evidence_of({"floor": floor}, "reuse-1")
    assert floor.confidence().strides[0] == 0
    assert evidence.confidence("floor").dtype == np.float64
    assert evidence.confidence("floor").flags.c_contiguous


@pytest.mark.parametrize("divergence", [klom, jeffreys_divergence])
@pytest.mark.parametrize("n_examples", [1, 2, 3, 31, 1000])
def test_some_examples_at_a_time_give_the_digits_of_all_at_once(
    divergence: Divergence, n_examples: int
) -> None:
    rng = np.random.default_rng(0)
    banks = [rng.normal(size=(N_MODELS, n_examples)).astype(np.float32) for _ in range(2)]
    whole = divergence(*banks)
    widths: list[int] = []

    def watched(models: Any, oracles: Any) -> Any:
        widths.append(models.shape[1])
        return divergence(models, oracles)

    for at_once in (1, 5 * N_MODELS, 10**9):
        widths.clear()
        np.testing.assert_array_equal(of_examples(watched, *banks, at_once=at_once), whole)
        assert sum(widths) == n_examples
        assert min(widths) >= min(2, n_examples)
        assert max(widths) <= max(3, at_once // N_MODELS)
