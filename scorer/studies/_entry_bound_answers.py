"""What the numbers of the entry's bound say."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from scorer.studies._entry_bound import ENTRY_MEANS, of_variation
from scorer.studies.findings import Findings, Number, ask
from scorer.studies.intervals import from_error, mean_of

if TYPE_CHECKING:
    from scorer.studies._entry_bound import Bound, Error
    from scorer.studies.scores import Score


def answer(found: Findings, bound: Bound) -> None:
    """Add numbers, answers and tables."""
    for name, one in bound.predictors.items():
        label = re.sub(r"\W+", "_", name)
        found.numbers[f"bound_rms_{label}"] = one.known.rms
        found.numbers[f"bound_explained_{label}"] = one.known.explained
        found.numbers[f"bound_rms_fitted_{label}"] = one.fitted.rms
        found.numbers[f"bound_explained_fitted_{label}"] = one.fitted.explained
    for name, score in bound.scores.items():
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
        "The entry's own runs with means and spreads over runs set example by example to those of"
        f' the controls, to the best prediction ("{bound.best}") and to the best that is fitted to'
        f' the oracles of other examples ("{bound.best_fitted}"); n={_n(bound)} models a side,'
        " relative scores with their standard errors.",
        ("the entry's runs", "relative score", "F"),
        (
            (
                name,
                f"{one.relative_score.value:.2f} ± {one.relative_score_se:.2f}",
                f"{one.forgetting_quality.value:.3f}",
            )
            for name, one in bound.scores.items()
        ),
        in_documents=True,
    )
    found.notes += [
        "Of the bound: means are moved by the same amount in all runs, by the prediction's mean"
        " over originals. That is arithmetic on confidences; no network was made that has them.",
        "Of the bound: the best prediction is chosen by its error against the oracles, among"
        f" {len(bound.predictors)}, so it is somewhat too good.",
        "Networks without a slice of retain, and runs of which there are several, are made once"
        " for each original; a submission would pay for all of them in every run.",
    ]


def shown(error: Error) -> str:
    """Return the error of one original, and that of the mean over originals in brackets."""
    return f"{error.rms.value:.2f} ({math.sqrt(error.squared_of_mean.mean()):.2f})"


def less(one: Score, other: Score) -> Number:
    """Return the difference of relative scores; that models are shared errs to the safe side."""
    error = math.hypot(one.relative_score_se, other.relative_score_se)
    value = one.relative_score.value - other.relative_score.value
    return from_error(value, error, one.relative_score.n, "models a side")


def _n(bound: Bound) -> int:
    return next(iter(bound.scores.values())).relative_score.n


def _on_predictions(found: Findings, bound: Bound) -> None:
    """Ask what is known, what was not fitted and what the entry makes of it."""
    best, fitted = bound.predictors[bound.best], bound.predictors[bound.best_fitted]
    found.answers.append(
        ask(
            "Can it be told from what a submission is given how sure retrained models are of each"
            " forget example?",
            best.known.explained,
            yes=f'Best from "{bound.best}", for {best.share:.2f} of a retraining\'s arithmetic: the'
            f" share of the variance explained is {{number}}, the rms error {best.known.rms}.",
            no=f'No better than one number for all: from "{bound.best}" the share of the variance'
            " explained is {number}.",
            unsure=f'Best from "{bound.best}": the share of the variance explained is {{number}}.',
        )
    )
    number = found.numbers["bound_not_fitted"] = of_variation(
        best.known.squared - fitted.fitted.squared, bound.variation
    )
    left = found.numbers["bound_not_known"] = of_variation(fitted.fitted.squared, bound.variation)
    found.answers.append(
        ask(
            "Would a regression fitted to the oracles of other examples tell more from such"
            " inputs?",
            number,
            yes="It would explain {number} more of the variance: that was there and was not"
            f' fitted. Not known to it either, from "{bound.best_fitted}", is {left}.',
            no="It explains less: the difference is {number}, so what is missing was not known.",
            unsure="The difference of the share of the variance is {number}. Not known to it"
            f' either, from "{bound.best_fitted}", is {left}.',
        )
    )
    gained = bound.predictors[ENTRY_MEANS].known.squared_of_mean - best.known.squared_of_mean
    number = found.numbers["bound_nearer_than_entry"] = mean_of(
        gained, "examples", "squared oracle sd"
    )
    found.answers.append(
        ask(
            "Is the best prediction nearer to the oracles' means than the entry's own runs?",
            number,
            yes="Its mean squared error is smaller by {number}.",
            no="The runs are nearer: the difference of the mean squared errors is {number}.",
            unsure="The difference of the mean squared errors is {number}.",
        )
    )


def _on_scores(found: Findings, bound: Bound) -> None:
    """Ask what means and spreads would buy."""
    scores = bound.scores
    for one, other, question, key in (
        ("means matched", "as it is",
         "Would the entry score better if the mean of every example were right?", "means"),
        ("means predicted", "as it is",
         "Would it if the means were those of the best prediction?", "predicted_means"),
        ("means fitted to other examples", "as it is",
         "Would it if they were those of the best fit to the oracles of other examples?",
         "fitted_means"),
        ("means and spread matched", "means matched",
         "With the right means, would the right spread over runs raise it further?", "spread"),
    ):  # fmt: skip
        number = found.numbers[f"bound_gain_{key}"] = less(scores[one], scores[other])
        at = scores[one].relative_score.value
        found.answers.append(
            ask(
                question,
                number,
                yes=f"The relative score would be {at:.3g}, higher by {{number}}.",
                no=f"It would be {at:.3g}, lower: the difference is {{number}}.",
                unsure=f"It would be {at:.3g}; the difference is {{number}}.",
            )
        )
