"""What the numbers of the study `plane` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from scorer.studies._plane_fit import SMALL
from scorer.studies._plane_traits import MEMORISED, TRAITS, Portrait
from scorer.studies.findings import Findings, Number, ask, ask_within
from scorer.studies.intervals import from_error, mean_of, rank_correlation
from scorer.studies.scores import Score

if TYPE_CHECKING:
    from scorer.studies.plane import Fitted, Sizes

NEAR = 0.25
"""Relative difference up to which a trait of the points counts as that of the images."""

WORTHLESS = 0.5
"""Relative score of doing nothing below which there is something to forget."""


def answer(
    found: Findings, fitted: Fitted, scores: Mapping[str, Score], sizes: Sizes, task: str
) -> None:
    """Add numbers, answers, tables and notes.

    Args:
        found: to which they are added.
        fitted: images and points.
        scores: relative to retraining, "original" first.
        sizes: of the study.
        task: that the images are of.
    """
    for name, said in TRAITS.items():
        images, plane = (_values(each, name) for each in (fitted.images, fitted.plane))
        found.numbers[f"{name}_{task}"] = mean_of(images, "banks")
        found.numbers[f"{name}_plane"] = mean_of(plane, "draws")
        number = found.numbers[f"{name}_difference"] = relative_difference(plane, images)
        said_so = f"{plane.mean():.3g} against {images.mean():.3g}, relative difference {{number}}."
        question = f"Do the points come near {task} in this: {said}?"
        found.answers.append(
            ask_within(question, number, NEAR, yes=said_so, no=said_so, unsure=said_so)
        )
    _on_overlaps(found, fitted, task)
    _on_scores(found, scores)
    _table(found, task)
    found.notes += [
        f"Every number of a bank is of {sizes.n_models} models on random halves of"
        f" {len(fitted.images[0].own)} examples. Banks of images are of the same images, so that"
        " their intervals hold given these; those of points are each of another draw, which the"
        " search did not see.",
        f"A relative difference is divided by the size of what it is held against plus {SMALL}; up"
        f" to {NEAR} counts as near. An example is memorised from a score of {MEMORISED} on.",
        f"The search: {sizes.n_rounds} rounds of {sizes.n_candidates} candidates; sum of squared"
        " relative differences of the best of each round:"
        f" {', '.join(f'{each:.3g}' for each in fitted.least)}.",
        f"Found: {_shown(fitted)}.",
        f"Relative scores on the plane are of {sizes.n_unlearned} originals, each with one run; the"
        " methods are called directly, not through the runner, with their constants for digits.",
    ]


def relative_difference(plane: np.ndarray, images: np.ndarray) -> Number:
    """Return how much higher a trait of points is, relative to that of images, with its interval.

    Args:
        plane: `(n_draws,)` at least two.
        images: `(n_banks,)` at least two.
    """
    mean, scale = images.mean(), abs(images.mean()) + SMALL
    value = float((plane.mean() - mean) / scale)
    # What the quotient changes by with each of the two means.
    slopes = 1.0 / scale, -(1.0 + np.sign(mean) * value) / scale
    error = float(np.hypot(slopes[0] * stats.sem(plane), slopes[1] * stats.sem(images)))
    return from_error(value, error, min(len(plane), len(images)), "draws or banks")


def _values(portraits: Sequence[Portrait], name: str) -> np.ndarray:
    """Return a trait of each portrait."""
    return np.array([one.traits[name] for one in portraits])


def _on_overlaps(found: Findings, fitted: Fitted, task: str) -> None:
    """Ask whether the same classes are taken for each other."""
    images, plane = (np.mean([one.overlaps for one in each], axis=0)
                     for each in (fitted.images, fitted.plane))  # fmt: skip
    others = ~np.eye(len(images), dtype=bool)
    number = rank_correlation(images[others], plane[others], "pairs of classes")
    found.numbers["overlaps_correlation"] = number
    found.answers.append(
        ask(
            f"Are the classes that are taken for each other those of {task}?",
            number,
            yes="Rank correlation of the overlaps {number}.",
            no="Rather others are: rank correlation of the overlaps {number}.",
            unsure="Rank correlation of the overlaps {number}.",
        )
    )


def _on_scores(found: Findings, scores: Mapping[str, Score]) -> None:
    """Ask whether there is something to forget, and list the methods."""
    for name, score in scores.items():
        found.numbers[f"relative_score_{name}"] = score.relative_score
    number = found.numbers["relative_score_original"]
    found.answers.append(
        ask(
            "Is there something to forget on the plane (relative score of doing nothing below"
            f" {WORTHLESS:g})?",
            Number(-number.value, -number.high, -number.low, number.n, number.of),
            above=-WORTHLESS,
            yes=f"Doing nothing gets {number}.",
            no=f"Hardly: doing nothing gets {number}.",
            unsure=f"Doing nothing gets {number}.",
        )
    )


def _table(found: Findings, task: str) -> None:
    """Add the table of all traits."""
    columns = (f"_{task}", "_plane", "_difference")
    rows = []
    for name, said in TRAITS.items():
        cells = (found.numbers[f"{name}{column}"] for column in columns)
        rows.append([said, *(f"{it.value:.3g} ({it.low:.3g} to {it.high:.3g})" for it in cells)])
    found.add_table(
        "Images and points",
        "All but the second are of examples that the models were not trained on; in brackets 95 %"
        " intervals.",
        ("trait", task, "plane", "relative difference"),
        rows,
    )


def _shown(fitted: Fitted) -> str:
    """Return the searched parameters of the mixture."""
    mixture = fitted.mixture
    values = {"spread": mixture.spread, "share of strays": mixture.stray_share,
              "spread of strays": mixture.stray_spread, "reach": mixture.reach}  # fmt: skip
    return ", ".join(f"{name} {value:g}" for name, value in values.items())
