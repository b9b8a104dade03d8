"""Stands where `scorer.measures` will: the same names over the one function of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scorer.metric.forgetting import forgetting_quality
from scorer.metric.rules import Rule
from scorer.metric.utility import ModelAccuracies, final_score, utility_ratios
from scorer.oracles.outputs import Bank
from scorer.results.scoring import SETS, Scores, score_banks

NEEDS = {
    "forgetting": {"unlearned", "oracle", "control", "floor"},
    "utility": {"unlearned"},
    "time": set[str](),
}


@dataclass(frozen=True, eq=False)
class RunTimes:
    """What the runs of a submission took."""

    elapsed_s: np.ndarray
    retraining_s: np.ndarray
    peak_mib: float


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that a measure may look at."""

    banks: Mapping[str, Bank]
    stratum: np.ndarray
    rule: Rule
    budget: float
    times: RunTimes | None = None
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """What measures found."""

    values: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def roles_needed(names: Collection[str] | None = None) -> set[str]:
    """Return the roles of the banks that some measures need, by default all measures."""
    return {role for name in (NEEDS if names is None else names) for role in NEEDS[name]}


def measure(evidence: Evidence, names: Collection[str] | None = None) -> Measured:
    """Compute measures of the unlearned models, by default all of them."""
    values: dict[str, Any] = Scores().as_dict() | _time(evidence)
    arrays: dict[str, np.ndarray] = {}
    if "unlearned" in evidence.banks and names is None:
        scores, arrays = score_banks(**evidence.banks, stratum=evidence.stratum, rule=evidence.rule)
        values |= scores.as_dict()
    elif "unlearned" in evidence.banks and names is not None:
        if "forgetting" in names:
            values |= _final(evidence)
        if "utility" in names:
            for role, key in (("unlearned", "accuracy"), ("floor", "original_accuracy")):
                bank = evidence.banks[role]
                values[key] = {name: float(bank.accuracy(name).mean()) for name in SETS}
    if evidence.times is not None:
        arrays |= {
            "elapsed_s": evidence.times.elapsed_s,
            "retraining_s": evidence.times.retraining_s,
        }
    return Measured(values, {}, arrays)


def _final(evidence: Evidence) -> dict[str, float]:
    """Return F and the final score, beside the ceiling's, without errors."""
    banks = evidence.banks
    truth = banks["oracle"].confidence()
    accuracies = {
        role: ModelAccuracies(retain=bank.accuracy("retain"), test=bank.accuracy("test"))
        for role, bank in banks.items()
    }
    final, quality = {}, {}
    for role in ("unlearned", "control"):
        quality[role] = forgetting_quality(banks[role].confidence(), truth, evidence.rule).value
        ratios = utility_ratios(accuracies[role], accuracies["oracle"])
        final[role] = final_score(quality[role], ratios)
    return {
        "forgetting_quality": quality["unlearned"],
        "ceiling": quality["control"],
        "final_score": final["unlearned"],
        "ceiling_final_score": final["control"],
        "relative_score": final["unlearned"] / final["control"],
    }


def _time(evidence: Evidence) -> dict[str, Any]:
    """Return what a run took, against a plain retraining in the same processes."""
    names = ("time_ratio", "time_ratio_se", "within_budget", "elapsed_s", "retraining_s")
    times = evidence.times
    if times is None or not len(times.elapsed_s) or not len(times.retraining_s):
        return dict.fromkeys((*names, "peak_mib"))
    elapsed, retraining = float(times.elapsed_s.mean()), float(times.retraining_s.mean())
    ratio = elapsed / retraining
    relative = [
        one.std(ddof=1) / (len(one) ** 0.5 * one.mean())
        for one in (times.elapsed_s, times.retraining_s)
        if len(one) > 1
    ]
    return {
        "time_ratio": ratio,
        "time_ratio_se": ratio * float(np.hypot.reduce(relative)),
        "within_budget": ratio <= evidence.budget,
        "elapsed_s": elapsed,
        "retraining_s": retraining,
        "peak_mib": times.peak_mib,
    }
