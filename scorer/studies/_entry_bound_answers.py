"""What the numbers of the entry's bound say."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from scorer.studies._entry_bound import ENTRY_MEANS, of_variation
from scorer.studies._entry_bound_scores import GAINS
from scorer.studies.findings import Findings, ask
from scorer.studies.intervals import mean_of

if TYPE_CHECKING:
    from scorer.studies._entry_bound import Bound, Error


def answer(found: Findings, bound: Bound) -> None:
    """Add numbers, answers and tables."""
    for name, one in bound.predictors.items():
        label = re.sub(r"\W+", "_", name)
        found.numbers[f"bound_rms_{label}"] = one.known.rms
        found.numbers[f"bound_explained_{label}"] = one.known.explained
        found.numbers[f"bound_rms_fitted_{label}"] = one.fitted.rms
        found.numbers[f"bound_explained_fitted_{label}"] = one.fitted.explained
    for name, score in bound.changed.scores.items():
        label = re.sub(r"\W+", "_", name)
        found.numbers[f"bound_relative_score_{label}"] = score.relative_score
    _on_predictions(found, bound)
    _on_scores(found, bound)
    found.add_table(
        "Bound on predictions",
        f"Mean margin over {bound.n_retrained} retrained models of n={len(bound.variation)} forget"
        " examples, predicted from what one original and the sets tell: rms error in oracle sd"
        f" (noise of the means themselves: {bound.n_retrained**-0.5:.2f}), in brackets that of the"
        " mean over originals, which is what bias of many runs is; share of the variance over"
        " examples that is explained. Fitted: the same inputs, by a ridge regression on the"
        " oracles of other forget examples, which no submission has.",
        ("predicted from", "compute / retrain", "rms error", "explained", "rms error, fitted",
         "explained, fitted"),
        (
            (
                name,
                f"{one.share:.2f}",
                shown(one.known),
                f"{one.known.explained.value:.2f}",
                shown(one.fitted),
                f"{one.fitted.explained.value:.2f}",
            )
            for name, one in bound.predictors.items()
        ),
        in_documents=True,
    )  # fmt: skip
    found.add_table(
        "Bound on scores",
        "The entry's own runs, their means and spreads over runs changed. Matched: example by"
        f' example as those of the controls; predicted: from "{bound.best}"; fitted: to the oracles'
        f' of other examples, from "{bound.best_fitted}"; one factor: the same for all examples.'
        f" n={_n(bound)} models a side, relative scores with their standard errors.",
        ("the entry's runs", "relative score", "F"),
        (
            (
                name,
                f"{one.relative_score.value:.2f} ± {one.relative_score_se:.2f}",
                f"{one.forgetting_quality.value:.3f}",
            )
            for name, one in bound.changed.scores.items()
        ),
        in_documents=True,
    )
    found.notes += [
        "Of the bound: means are moved by the same amount in all runs, by the prediction's mean"
        " over originals. That is arithmetic on confidences; no network was made that has them.",
        "Of the bound: the best prediction is chosen by its error against the oracles, among"
        f" {len(bound.predictors)}, and the factor is taken from the controls; so both are somewhat"
        " too good.",
        "Of the bound: what is by val is fitted to the original's margins on val, what is by slices"
        " to those of networks that the entry makes without a slice of retain, on that slice.",
        "Networks without a slice of retain, and runs of which there are several, are made once"
        " for each original; a submission would pay for all of them in every run.",
    ]


def shown(error: Error) -> str:
    """Return the error of one original, and that of the mean over originals in brackets."""
    return f"{error.rms.value:.2f} ({math.sqrt(error.squared_of_mean.mean()):.2f})"


def _n(bound: Bound) -> int:
    return next(iter(bound.changed.scores.values())).relative_score.n


def _on_predictions(found: Findings, bound: Bound) -> None:
    """Ask what is known, what was not fitted, and whether val tells."""
    ours, best = bound.predictors[ENTRY_MEANS], bound.predictors[bound.best]
    fitted = bound.predictors[bound.best_fitted]
    cost = f"{best.share:.2g} of a retraining's arithmetic"
    number = found.numbers["bound_nearer_than_runs"] = mean_of(
        ours.known.squared_of_mean - best.known.squared_of_mean, "examples", "squared oracle sd"
    )
    found.answers.append(
        ask(
            "Does anything that a submission is given tell more of the oracles' mean margins than"
            " the mean of the entry's own runs?",
            number,
            yes=f'"{bound.best}" does, for {cost}: the mean squared error is smaller by'
            " {number}.",
            no=f'Not even "{bound.best}", for {cost}: the difference of the mean squared errors is'
            " {number}.",
            unsure=f'For the best of the others, "{bound.best}", the difference of the mean squared'
            " errors is {number}.",
        )
    )
    number = found.numbers["bound_not_fitted"] = of_variation(
        ours.known.squared - fitted.fitted.squared, bound.variation
    )
    left = found.numbers["bound_not_known"] = of_variation(fitted.fitted.squared, bound.variation)
    explained, rms = ours.known.explained, fitted.fitted.rms
    found.answers.append(
        ask(
            "Would a regression fitted to the oracles of other examples tell more than the mean of"
            " the runs of one original?",
            number,
            yes=f"The runs explain {explained} of the variance, the regression {{number}} more:"
            f' that was not fitted. What is not known to it either, from "{bound.best_fitted}", is'
            f" {left}, an rms error of {rms}.",
            no="The runs tell more: the difference of the share of the variance is {number}.",
            unsure=f"The runs explain {explained} of the variance; the difference is {{number}}."
            f' What is not known to the regression, from "{bound.best_fitted}", is {left}, an rms'
            f" error of {rms}.",
        )
    )
    number = found.numbers["bound_original_surer_on_val"] = mean_of(bound.surer, "examples")
    found.answers.append(
        ask(
            "Where retrained models are least sure on val, are originals surer, though they saw"
            " none of it?",
            number,
            yes="Their margin is larger by {number}: the forget set taught them of such examples."
            " So margins on val are no targets for forget examples.",
            no="They are less sure: the difference of the margins is {number}.",
            unsure="The difference of the margins is {number}.",
        )
    )


QUESTIONS = {
    "means": "Would the entry score better if the mean of every example were right?",
    "spread": "If the spread over runs of every example were?",
    "both": "If both were?",
    "factor": "If all spreads took the one factor that makes them right on average?",
    "means_and_factor": "If that factor came to the right means?",
    "predicted_means": "Beside that factor, do the means of the best prediction gain anything?",
    "fitted_means": "Do means fitted to the oracles of other examples?",
}
"""By name in `GAINS`."""


def _on_scores(found: Findings, bound: Bound) -> None:
    """Ask what means and spreads would buy."""
    for key, number in bound.changed.gains.items():
        found.numbers[f"bound_gain_{key}"] = number
        name = GAINS[key][0]
        at = f"{bound.changed.scores[name].relative_score.value:.2f}"
        found.answers.append(
            ask(
                QUESTIONS[key],
                number,
                yes=f"The relative score would be {at}; F is higher by {{number}}.",
                no=f"The relative score would be {at}; F changes by {{number}}.",
                unsure=f"The relative score would be {at}; F changes by {{number}}.",
            )
        )
