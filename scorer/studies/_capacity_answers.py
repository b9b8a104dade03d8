"""What the numbers of the study `capacity` say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from scorer.studies.findings import Findings, ask
from scorer.studies.intervals import rank_correlation

if TYPE_CHECKING:
    from scorer.studies.capacity import Capacity

NETWORKS = "networks"


def answer(
    found: Findings,
    capacities: Mapping[tuple[int, int], Capacity],
    fine_tuning: str,
    best: str,
) -> None:
    """Add numbers, answers and the table."""
    for (depth, width), one in capacities.items():
        label = f"{depth}x{width}"
        found.numbers[f"gap_{label}"] = one.gap
        found.numbers[f"forget_gap_{label}"] = one.forget_gap
        found.numbers[f"retrained_gap_{label}"] = one.retrained_gap
        found.numbers[f"ceiling_{label}"] = one.scores[fine_tuning].ceiling
        for name, score in one.scores.items():
            found.numbers[f"forgetting_quality_{name}_{label}"] = score.forgetting_quality
            found.numbers[f"relative_score_{name}_{label}"] = score.relative_score
    n_parameters = np.array([one.n_parameters for one in capacities.values()])
    gaps = np.array([one.gap.value for one in capacities.values()])
    found.numbers["gap_with_capacity"] = rank_correlation(n_parameters, gaps, NETWORKS)
    found.answers.append(
        ask(
            "Does the gap between train and test grow with capacity?",
            found.numbers["gap_with_capacity"],
            yes="Rank correlation of gap and number of parameters: {number}.",
            no="It shrinks: rank correlation of gap and number of parameters {number}.",
            unsure="Rank correlation of gap and number of parameters: {number}.",
        )
    )
    for name, said in (("original", "doing nothing"), (fine_tuning, "fine-tuning"),
                       (best, f"`{best}`")):  # fmt: skip
        _on_difficulty(found, capacities, gaps, name, said)
    found.add_table(
        "Networks",
        "Gap: AUC of the loss between train and test set; relative scores with 95 % intervals.",
        ("depth x width", "parameters", "gap", "doing nothing", fine_tuning, best),
        (
            (
                f"{depth} x {width}",
                f"{one.n_parameters:,}",
                f"{one.gap.value:.3f} ({one.gap.low:.3f} to {one.gap.high:.3f})",
                *(
                    f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"
                    for score in (one.scores[name].relative_score for name in
                                  ("original", fine_tuning, best))
                ),
            )
            for (depth, width), one in capacities.items()
        ),
    )  # fmt: skip


def _on_difficulty(
    found: Findings,
    capacities: Mapping[tuple[int, int], Capacity],
    gaps: np.ndarray,
    name: str,
    said: str,
) -> None:
    """Ask whether the gap foretells how far a method stays behind retraining."""
    behind = np.array([1.0 - one.scores[name].relative_score.value for one in capacities.values()])
    question = f"Does a larger gap leave {said} further behind retraining?"
    if np.ptp(behind) == 0 or np.ptp(gaps) == 0:
        found.notes.append(f"{question} All networks are alike, so there is no correlation.")
        return
    number = found.numbers[f"gap_with_difficulty_{name}"] = rank_correlation(gaps, behind, NETWORKS)
    found.answers.append(
        ask(
            question,
            number,
            yes="Rank correlation of the gap and what the relative score lacks of 1: {number}.",
            no="It is the other way round: rank correlation of the gap and what the relative score"
            " lacks of 1 {number}.",
            unsure="Rank correlation of the gap and what the relative score lacks of 1: {number}.",
        )
    )
