"""From the outputs of four banks of models to every number that a record holds."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from scorer.metric.bounds import benjamini_hochberg, epsilon_lower_bounds, ks_p_values
from scorer.metric.calibration import bootstrap_relative_score, permutation_test
from scorer.metric.diagnosis import diagnose
from scorer.metric.forgetting import ForgettingQuality, forgetting_quality, strata_means
from scorer.metric.klom import klom
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies, final_score, utility_ratios
from scorer.oracles.outputs import Bank

SETS = ("retain", "forget", "val", "test")
FALSE_DISCOVERY_RATE = 0.05

FULL_SIZE = 64 * 1000
"""Confidences in a bank up to which all resamples are drawn; larger banks get fewer."""

N_RESAMPLES = 100
MIN_RESAMPLES = 20
N_PERMUTATIONS = 199
MIN_PERMUTATIONS = 39


@dataclass(frozen=True)
class Scores:
    """The part of a record that comes from arrays; all None and empty where a run failed."""

    forgetting_quality: float | None = None
    forgetting_quality_se: float | None = None
    ceiling: float | None = None
    ceiling_se: float | None = None
    floor: float | None = None
    final_score: float | None = None
    final_score_se: float | None = None
    ceiling_final_score: float | None = None
    ceiling_final_score_se: float | None = None
    floor_final_score: float | None = None
    relative_score: float | None = None
    relative_score_se: float | None = None
    permutation_p_value: float | None = None
    accuracy: dict[str, float] = field(default_factory=dict)
    oracle_accuracy: dict[str, float] = field(default_factory=dict)
    control_accuracy: dict[str, float] = field(default_factory=dict)
    original_accuracy: dict[str, float] = field(default_factory=dict)
    strata: dict[str, dict[str, float]] = field(default_factory=dict)
    diagnosis: dict[str, float | None] = field(default_factory=dict)
    klom: dict[str, float] = field(default_factory=dict)
    certified: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def n_draws(full: int, least: int, n_values: int) -> int:
    """Return how many resamples a bank of `n_values` confidences gets."""
    return max(least, min(full, full * FULL_SIZE // n_values))


def score_banks(
    *,
    unlearned: Bank,
    oracle: Bank,
    control: Bank,
    floor: Bank,
    stratum: np.ndarray,
    rule: Rule,
) -> tuple[Scores, dict[str, np.ndarray]]:
    """Score the unlearned models against the oracles, beside ceiling and floor.

    Args:
        unlearned: outputs of N unlearned models.
        oracle: of N oracles.
        control: of N more oracles, scored the same way: the ceiling.
        floor: of the original model, N times, or of N originals.
        stratum: `(n_examples,)` name of the stratum of each forget example.
        rule: how epsilon is estimated and becomes points.

    Returns:
        The scores, and the arrays to compute them again from.
    """
    banks = {"unlearned": unlearned, "control": control, "floor": floor}
    truth = oracle.confidence()
    quality = {n: forgetting_quality(b.confidence(), truth, rule) for n, b in banks.items()}
    oracle_accuracies = _accuracies(oracle)
    accuracies = {name: _accuracies(bank) for name, bank in banks.items()}
    final = {
        name: final_score(quality[name].value, utility_ratios(accuracies[name], oracle_accuracies))
        for name in banks
    }
    n_values = truth.size
    error = bootstrap_relative_score(
        unlearned.confidence(),
        control.confidence(),
        truth,
        rule,
        accuracies=(accuracies["unlearned"], accuracies["control"], oracle_accuracies),
        n_resamples=n_draws(N_RESAMPLES, MIN_RESAMPLES, n_values),
    )
    n_permutations = n_draws(N_PERMUTATIONS, MIN_PERMUTATIONS, n_values)
    test = permutation_test(unlearned.confidence(), truth, rule, n_permutations=n_permutations)
    scores = Scores(
        forgetting_quality=quality["unlearned"].value,
        forgetting_quality_se=error.forgetting_quality.standard_error,
        ceiling=quality["control"].value,
        ceiling_se=error.ceiling_forgetting_quality.standard_error,
        floor=quality["floor"].value,
        final_score=final["unlearned"],
        final_score_se=error.final_score.standard_error,
        ceiling_final_score=final["control"],
        ceiling_final_score_se=error.ceiling.standard_error,
        floor_final_score=final["floor"],
        relative_score=finite(final["unlearned"] / final["control"]) if final["control"] else None,
        relative_score_se=finite(error.relative_score.standard_error),
        permutation_p_value=test.p_value,
        accuracy=_mean_accuracies(unlearned),
        oracle_accuracy=_mean_accuracies(oracle),
        control_accuracy=_mean_accuracies(control),
        original_accuracy=_mean_accuracies(floor),
        strata=_strata(quality, stratum),
        diagnosis={
            **_diagnosis(unlearned.confidence(), truth),
            "n_undecided": quality["unlearned"].attacks.count("none"),
        },
        klom=_klom(unlearned, control, oracle),
        certified=_certified(unlearned.confidence(), truth, rule.delta),
    )
    arrays = {
        "unlearned_confidence": unlearned.confidence(),
        "oracle_confidence": truth,
        "control_confidence": control.confidence(),
        "floor_confidence": floor.confidence(),
        "epsilons": quality["unlearned"].epsilons,
        "points": quality["unlearned"].points,
        "ceiling_epsilons": quality["control"].epsilons,
        "family_codes": quality["unlearned"].attacks.family_codes,
        "low_threshold": quality["unlearned"].attacks.low,
        "high_threshold": quality["unlearned"].attacks.high,
        "stratum": stratum.astype(str),
    }
    for name, bank in (*banks.items(), ("oracle", oracle)):
        for set_name in SETS:
            arrays[f"{name}_accuracy_{set_name}"] = bank.accuracy(set_name)
    return scores, arrays


def finite(value: float) -> float | None:
    """Return the number, or None for NaN and infinity, which JSON cannot hold."""
    return value if math.isfinite(value) else None


def _accuracies(bank: Bank) -> ModelAccuracies:
    """Return the accuracies that the final score is made of."""
    return ModelAccuracies(retain=bank.accuracy("retain"), test=bank.accuracy("test"))


def _mean_accuracies(bank: Bank) -> dict[str, float]:
    """Return the mean accuracy over models, by set."""
    return {name: float(bank.accuracy(name).mean()) for name in SETS}


def _strata(
    quality: dict[str, ForgettingQuality], stratum: np.ndarray
) -> dict[str, dict[str, float]]:
    """Return F of each stratum, beside ceiling and floor there."""
    means = {name: strata_means(one.points, stratum) for name, one in quality.items()}
    return {
        str(name): {
            "n_examples": int((stratum == name).sum()),
            "forgetting_quality": means["unlearned"][name],
            "ceiling": means["control"][name],
            "floor": means["floor"][name],
        }
        for name in means["unlearned"]
    }


def _diagnosis(unlearned: np.ndarray, oracle: np.ndarray) -> dict[str, float | None]:
    """Return what to mend; None where no spread makes an error infinite, which the counts tell."""
    found = diagnose(unlearned, oracle)
    return {
        "mean_bias": finite(found.mean_error_bias),
        "mean_rms": finite(found.mean_error_rms),
        "log_spread_bias": finite(found.log_spread_error_bias),
        "log_spread_rms": finite(found.log_spread_error_rms),
        "n_without_spread": found.n_collapsed,
        "n_oracles_without_spread": found.n_undefined,
    }


def _klom(unlearned: Bank, control: Bank, oracle: Bank) -> dict[str, float]:
    """Return the 95th percentile over examples by set, and the control's beside it."""
    values = {}
    for set_name in ("forget", "retain", "val"):
        truth = oracle.confidence(set_name)
        for suffix, bank in (("", unlearned), ("_ceiling", control)):
            divergence = klom(bank.confidence(set_name), truth)
            values[f"{set_name}{suffix}"] = float(np.percentile(divergence, 95))
    return values


def _certified(unlearned: np.ndarray, oracle: np.ndarray, delta: float) -> dict[str, float]:
    """Return how many examples are certainly not forgotten, and by how much."""
    n_models = len(unlearned)
    rejected = benjamini_hochberg(ks_p_values(unlearned, oracle)) <= FALSE_DISCOVERY_RATE
    found = {"share_distinguishable": float(rejected.mean())}
    if n_models >= 4:
        bounds = epsilon_lower_bounds(unlearned, oracle, delta=delta).epsilons_lb
        found["share_positive"] = float((bounds > 0).mean())
        found["largest_epsilon_lb"] = float(bounds.max())
    return found
