"""The smaller measures: what each says where the answer is known."""

from __future__ import annotations

import numpy as np

from scorer.measures import measure
from scorer.metric.bounds import epsilon_lower_bounds
from tests.measures._banks import SimulatedBank, simulated_evidence

APART = SimulatedBank.of(1, shift=99.0)


def test_banks_that_are_one_have_no_errors_and_nothing_certain() -> None:
    same = SimulatedBank.of(2)
    names = ("certified", "diagnosis", "klom", "permutation")
    found = measure(simulated_evidence(unlearned=same), names).values
    assert found["diagnosis"]["mean_rms"] == found["diagnosis"]["log_spread_rms"] == 0.0
    assert found["klom"]["forget"] == 0.0 < found["klom"]["forget_ceiling"]
    assert found["certified"] == {
        "share_distinguishable": 0.0,
        "share_positive": 0.0,
        "largest_epsilon_lb": 0.0,
    }
    assert found["permutation_p_value"] > 0.5


def test_banks_far_apart_are_told_apart_by_all() -> None:
    names = ("certified", "diagnosis", "klom", "permutation")
    found = measure(simulated_evidence(unlearned=APART), names).values
    assert found["diagnosis"]["mean_bias"] > 20
    assert found["klom"]["val"] > found["klom"]["val_ceiling"]
    assert found["certified"]["share_distinguishable"] == 1.0
    assert found["certified"]["share_positive"] == 1.0
    assert found["permutation_p_value"] == 1 / 200


def test_runs_without_spread_are_counted_and_their_error_is_none() -> None:
    one = SimulatedBank.of(1).confidence()[:1]
    still = SimulatedBank({"forget": np.repeat(one, 16, axis=0)})
    measured = measure(simulated_evidence(unlearned=still), ["diagnosis"])
    assert measured.values["diagnosis"]["n_without_spread"] == 12
    assert measured.values["diagnosis"]["log_spread_bias"] is None
    assert measured.missing["diagnosis.log_spread_bias"] == "not a finite number: -inf"


def test_too_few_models_certify_nothing_and_say_so() -> None:
    few = {role: SimulatedBank.of(k, n_models=3) for k, role in enumerate(("unlearned", "oracle"))}
    measured = measure(simulated_evidence(**few), ["certified"])
    assert measured.values["certified"]["share_positive"] is None
    reason = "needs at least 4 models, got 3"
    assert measured.missing["certified.largest_epsilon_lb"] == reason


def test_the_largest_bound_holds_for_all_examples_together() -> None:
    banks = {"unlearned": SimulatedBank.of(1, shift=6.0, n_models=64)}
    banks["oracle"] = SimulatedBank.of(2, n_models=64)
    evidence = simulated_evidence(**banks)
    found = measure(evidence, ["certified"]).values["certified"]["largest_epsilon_lb"]
    alone, together = (
        epsilon_lower_bounds(
            *(bank.confidence() for bank in banks.values()), significance=significance
        ).epsilons_lb.max()
        for significance in (0.05, 0.05 / 12)
    )
    assert found == together < alone
