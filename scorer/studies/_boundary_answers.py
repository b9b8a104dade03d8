"""What the numbers of the study `boundary` say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from scorer.studies.findings import Findings, ask
from scorer.studies.intervals import from_error, mean_of, rank_correlation, share_of

if TYPE_CHECKING:
    from scorer.studies.boundary import LeftOut, Sizes, Unlearned

PREDICTORS = {
    "influence_parameters": ("influence_moved", "moved"),
    "influence_area": ("influence_area", "area"),
    "memorisation_area": ("memorised", "area"),
}
"""Rank correlations that are taken: the estimate, and what leaving a point out did."""

NEAR_RETRAINING = 0.5
"""Relative score from which on a method is said to come near retraining."""


def answer(
    found: Findings, sizes: Sizes, left_out: Mapping[Any, LeftOut], after: Unlearned
) -> None:
    """Add numbers, answers, tables and notes."""
    far, near = sizes.distances[0], sizes.near
    largest = sizes.architectures[-1]
    for (distance, name), one in left_out.items():
        label = f"{name}_at_{distance:g}"
        found.numbers[f"area_{label}"] = mean_of(one.area, "points", "square units")
        found.numbers[f"moved_{label}"] = mean_of(one.moved, "points")
        for predictor, (told, true) in PREDICTORS.items():
            pair = getattr(one, told), getattr(one, true)
            if min(map(np.ptp, pair)) > 0:
                found.numbers[f"{predictor}_{label}"] = rank_correlation(*pair, "points")
            else:
                found.notes.append(f"{predictor} of {label}: one side is constant, no correlation.")
    _on_rounding(found, left_out[near, largest])
    _on_capacity(found, left_out, near, sizes)
    more = left_out[near, largest].area - left_out[far, largest].area
    found.numbers["area_near_less_far"] = mean_of(more, "points", "square units")
    found.answers.append(
        ask(
            "Do single points move the boundary more where the classes overlap?",
            found.numbers["area_near_less_far"],
            yes="By {number} more in the largest network than where the classes are far apart.",
            no="They move it less: the difference is {number}. Far apart, nothing holds the"
            " boundary between the classes.",
            unsure="The difference is {number}.",
        )
    )
    _on_predictors(found, f"{largest}_at_{near:g}")
    _on_methods(found, after)
    found.notes += [
        f"Distance of the centres {near:g} where nothing else is said; one seed, one draw of"
        " points: intervals over points hold given these.",
        "Left-out networks differ from the whole one by the point alone: same initial weights, all"
        " points in every step.",
        "Methods are called directly, not through the runner, with their constants for digits;"
        " their sets are given so many times over that an epoch is the same share of the training"
        " as there.",
    ]


def _on_rounding(found: Findings, one: LeftOut) -> None:
    """Ask whether what leaving a point out does is more than rounding."""
    error = np.hypot(stats.sem(one.area), stats.sem(one.rounding_area))
    more = float(one.area.mean() - one.rounding_area.mean())
    number = from_error(more, float(error), one.area.size, "points", "square units")
    found.numbers["area_more_than_rounding"] = number
    found.answers.append(
        ask(
            "Does leaving one point out move the boundary more than rounding does?",
            number,
            yes="By {number} more in the largest network.",
            no="In the largest network rounding moves it more: the difference is {number}.",
            unsure="In the largest network the difference is {number}.",
        )
    )


def _on_capacity(
    found: Findings, left_out: Mapping[Any, LeftOut], near: float, sizes: Sizes
) -> None:
    """Ask whether larger networks hang more on single points."""
    small, large = (left_out[near, sizes.architectures[place]].area for place in (0, -1))
    found.numbers["area_large_less_small"] = mean_of(large - small, "points", "square units")
    found.answers.append(
        ask(
            "Does a single point move the boundary more in a larger network?",
            found.numbers["area_large_less_small"],
            yes="From the smallest network to the largest the area that a point moves grows by"
            " {number}.",
            no="From the smallest network to the largest the area that a point moves changes by"
            " {number}.",
            unsure="From the smallest network to the largest the area changes by {number}.",
        )
    )


def _on_predictors(found: Findings, label: str) -> None:
    """Ask what foretells the change, in the largest network where the classes overlap."""
    asked = {
        "influence_parameters": "Do influence functions rank the points that move the parameters?",
        "influence_area": "Do influence functions rank the points that move the boundary?",
        "memorisation_area": "Does the memorisation score rank the points that move the boundary?",
    }
    for predictor, question in asked.items():
        number = found.numbers.get(f"{predictor}_{label}")
        if number is not None:
            found.answers.append(
                ask(
                    question,
                    number,
                    yes="Rank correlation {number} in the largest network.",
                    no="They rank them the other way round: rank correlation {number}.",
                    unsure="Rank correlation {number} in the largest network.",
                )
            )


def _on_methods(found: Findings, after: Unlearned) -> None:
    """Ask whether any method comes near retraining, and list all of them."""
    for name, score in after.scores.items():
        found.numbers[f"relative_score_{name}"] = score.relative_score
    n_methods = len(after.scores)
    name, best = next(iter(after.scores.items()))
    own = best.relative_score
    number = from_error(own.value, best.relative_score_se, own.n, own.of, best_of=n_methods)
    found.numbers["best_relative_score"] = number
    found.answers.append(
        ask(
            "Does any method forget these points nearly as retraining does (relative score above"
            f" {NEAR_RETRAINING})?",
            number,
            above=NEAR_RETRAINING,
            yes=f"`{name}`, the best of {n_methods}: relative score {{number}}.",
            no=f"The best of {n_methods} is `{name}`: relative score {{number}}.",
            unsure=f"The best of {n_methods} is `{name}`: relative score {{number}}.",
        )
    )
    below = sum(s.relative_score.high < 1 for s in after.scores.values())
    found.numbers["share_below_retraining"] = share_of(below, n_methods, "methods")
    found.add_table(
        "Methods",
        f"{n_methods} methods that read the retain set, {len(after.forget)} points to forget; the"
        f" ceiling's F is {best.ceiling}.",
        ("method", "F", "relative score", "95 % interval"),
        (
            (
                f"`{each}`",
                f"{score.forgetting_quality.value:.3f}",
                f"{score.relative_score.value:.2f}",
                f"{score.relative_score.low:.2f} to {score.relative_score.high:.2f}",
            )
            for each, score in after.scores.items()
        ),
    )
    for each, reason in after.skipped.items():
        found.notes.append(f"`{each}` is left out, it cannot be run on these networks: {reason}.")
