"""How far the entry could go: what of the oracles' margins can be foretold, and what it would buy.

The mean over oracles of an example's margin, its logit-scaled confidence, is predicted from what
the contract gives, and from the same inputs by whoever may fit to the oracles of other examples.
What the first leaves was not known; what the second gains on it was not fitted; what the second
leaves, these inputs do not hold. Then means and spreads of the entry's own runs are set to what
they should be, and to what was predicted, and scored again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scorer.oracles.outputs import Bank
from scorer.studies._entry_bound_scores import Changed, change
from scorer.studies.findings import Number
from scorer.studies.intervals import from_error, mean_of
from scorer.studies.scores import Score

Array = NDArray[np.float64]

PENALTIES = tuple(10.0**power for power in range(-2, 5))
"""Of ridge regressions, among which leaving one out chooses."""

N_FOLDS = 10
"""Of forget examples, where the oracles of the others are fitted to."""

ENTRY_MEANS = "mean of runs"
"""What the entry makes now, taken for a prediction."""

OWN = ("one run", ENTRY_MEANS)
"""What is no more than the entry itself."""

LEAST_SURE = 0.1
"""Share of val at whose lower end originals and retrained models are compared."""


@dataclass(frozen=True, eq=False)
class Known:
    """What a submission that starts from one original can find out.

    Attributes:
        margins: by set, those of the original itself `(1, n)`.
        labels: by set `(n,)`.
        runs: by set, of what the entry makes of the original `(n_runs, n)`.
        looked_at: of `scorer.studies._entry_bound_models.looked_at`.
        run_share: of a retraining's multiply-adds, of one run.
    """

    margins: Mapping[str, Array]
    labels: Mapping[str, NDArray[np.int64]]
    runs: Mapping[str, Array]
    looked_at: Mapping[str, np.ndarray]
    run_share: float


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of the mean margin of every forget example, from one original.

    Attributes:
        values: `(n_forget,)`.
        inputs: `(n_forget, width)` that they were made from; width 0 for none.
        share: of the multiply-adds of a retraining that they take.
    """

    values: Array
    inputs: Array
    share: float


@dataclass(frozen=True, eq=False)
class Error:
    """How far predictions are from the oracles' means, in oracle sd.

    Attributes:
        values: `(n_forget,)` predicted, mean over originals.
        squared: `(n_forget,)` squared error, mean over originals.
        squared_of_mean: `(n_forget,)` squared error of the mean over originals.
        rms: root of the mean of `squared` over examples.
        explained: share of the variance of the means over examples.
    """

    values: Array
    squared: Array
    squared_of_mean: Array
    rms: Number
    explained: Number


@dataclass(frozen=True, eq=False)
class Predictor:
    """One way to predict.

    Attributes:
        share: of the multiply-adds of a retraining that it takes.
        known: its error by what a submission is given.
        fitted: and from the same inputs by a regression on the oracles of other examples.
    """

    share: float
    known: Error
    fitted: Error


@dataclass(frozen=True, eq=False)
class Bound:
    """What could be reached.

    Attributes:
        predictors: by name.
        best: name of the one, none of `OWN`, whose mean over originals has the least error by
            what is known.
        best_fitted: of all, where the oracles of other examples are fitted to.
        variation: `(n_forget,)` squared distance of the oracles' means from their mean over
            examples, in oracle sd.
        surer: `(n,)` margins of originals less those of retrained models, means of both, on the
            tenth of val that retrained models are least sure of.
        n_retrained: models whose means are taken for the oracles'.
        changed: the entry's runs with other means and spreads, scored.
    """

    predictors: Mapping[str, Predictor]
    best: str
    best_fitted: str
    variation: Array
    surer: Array
    n_retrained: int
    changed: Changed


def bound(
    known: Sequence[Known], banks: Mapping[str, Bank], originals: Sequence[int], entry: Score
) -> Bound:
    """Return what could be reached.

    Args:
        known: of every original.
        banks: "unlearned", "oracle" and "control", as `score_banks` takes them.
        originals: that each run started from.
        entry: score of the runs as they are.
    """
    retrained = retrained_margins(banks, "forget")
    means, spread = retrained.mean(axis=0), retrained.std(axis=0, ddof=1)
    found = [predictions(one) for one in known]
    weights = spread**-2
    variation = ((means - np.average(means, weights=weights)) / spread) ** 2
    predictors = {}
    for name in found[0]:
        own = [each[name] for each in found]
        values = np.stack([one.values for one in own])
        fitted = np.stack([cross_fitted(one.inputs, means) for one in own])
        predictors[name] = Predictor(
            float(np.mean([one.share for one in own])),
            error_of(values, means, spread, variation),
            error_of(fitted, means, spread, variation),
        )

    def error(name: str, which: str) -> float:
        return float(getattr(predictors[name], which).squared_of_mean.mean())

    best = min((name for name in predictors if name not in OWN), key=lambda n: error(n, "known"))
    best_fitted = min(predictors, key=lambda name: error(name, "fitted"))
    guessed, fitted_means = predictors[best].known.values, predictors[best_fitted].fitted.values
    changed = change(guessed, fitted_means, banks, originals, entry)
    surer = surer_on_val(known, banks)
    return Bound(predictors, best, best_fitted, variation, surer, len(retrained), changed)


def retrained_margins(banks: Mapping[str, Bank], set_name: str) -> Array:
    """Return confidences of oracles and controls, float64 `(n_retrained, n)`."""
    both = [banks[name].confidence(set_name) for name in ("oracle", "control")]
    return np.concatenate(both, dtype=np.float64)


def surer_on_val(known: Sequence[Known], banks: Mapping[str, Bank]) -> Array:
    """Return how much surer originals are where retrained models are least sure; see `Bound`."""
    means = retrained_margins(banks, "val").mean(axis=0)
    least = np.argsort(means, kind="stable")[: max(2, round(LEAST_SURE * len(means)))]
    original = np.concatenate([one.margins["val"] for one in known]).mean(axis=0)
    return np.asarray(original[least] - means[least])


def predictions(known: Known) -> dict[str, Prediction]:
    """Return every prediction from one original, the cheapest first."""
    at, runs = known.looked_at, known.runs
    margins = {name: one[0] for name, one in known.margins.items()}
    unseen = margins["val"]
    n_classes = 1 + max(int(labels.max()) for labels in known.labels.values())
    classes = {name: np.eye(n_classes)[labels] for name, labels in known.labels.items()}
    near = {name: np.hstack([one, at[f"pixels_{name}"]]) for name, one in classes.items()}
    read = {name: np.hstack([one, at[f"features_{name}"]]) for name, one in near.items()}
    run = {name: one.mean(axis=0)[:, np.newaxis] for name, one in runs.items()}
    run_near = {name: np.hstack([one, near[name]]) for name, one in run.items()}
    looking, slice_share = map(float, at["shares"])
    n_runs = len(runs["val"])
    runs_share = n_runs * known.run_share

    def by_val(inputs: Mapping[str, Array], share: float) -> Prediction:
        return Prediction(
            fit(inputs["val"], unseen).predict(inputs["forget"]), inputs["forget"], share
        )

    own = {name: one[:, np.newaxis] for name, one in margins.items()}
    n_rounds, n_slices = at["without_val"].shape[:2]
    slices_share = looking + n_rounds * n_slices * slice_share
    left_out = without_slice(at["without_retain"], at["slices"])
    of_slices = fit(own["retain"], left_out.mean(axis=0)).predict(own["forget"])
    # One round's networks as an input for the other rounds': their noise is independent.
    others = [np.delete(left_out, turn, axis=0).mean(axis=0) for turn in range(n_rounds)]
    both = np.vstack([np.column_stack([one, own["retain"]]) for one in left_out])
    networks = at["without_forget"].mean(axis=(0, 1))
    inputs = np.column_stack([networks, own["forget"]])
    of_both = fit(both, np.concatenate(others)).predict(inputs)
    everything = np.column_stack([run_near["forget"], inputs, at["features_forget"]])
    one_run = runs["forget"][:1].T
    return {
        "one number": Prediction(np.full(len(one_run), unseen.mean()), one_run[:, :0], looking),
        "class": by_val(classes, looking),
        "neighbours in pixels": by_val(near, looking),
        "neighbours in features": by_val(read, looking),
        "own margin": Prediction(margins["forget"], own["forget"], looking),
        "own margin by slices": Prediction(of_slices, own["forget"], slices_share),
        "one run": Prediction(one_run[:, 0], one_run, known.run_share),
        ENTRY_MEANS: Prediction(run["forget"][:, 0], run["forget"], runs_share),
        "runs, line by val": by_val(run, runs_share),
        "runs and neighbours by val": by_val(run_near, runs_share + looking),
        "own margin and networks by slices": Prediction(of_both, inputs, slices_share),
        "all networks, own margin": Prediction(
            (of_both + run["forget"][:, 0]) / 2, everything, slices_share + runs_share
        ),
    }


def without_slice(confidences: Array, slices: NDArray[np.int64]) -> Array:
    """Return confidences of the networks that did not see an example, `(n_rounds, n_examples)`.

    Args:
        confidences: `(n_rounds, n_slices, n_examples)`.
        slices: `(n_rounds, n_examples)`: which network of a round did not.
    """
    return np.take_along_axis(confidences, slices[:, np.newaxis], axis=1)[:, 0]


def fit(inputs: Array, targets: Array) -> Any:
    """Return a ridge regression on standardised inputs, its penalty chosen by leaving one out."""
    return _regression().fit(inputs, targets)


def cross_fitted(inputs: Array, targets: Array) -> Array:
    """Return what regressions on the other folds say of each example, their mean with no inputs.

    Args:
        inputs: `(n_examples, width)`.
        targets: `(n_examples,)`.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.model_selection import KFold, cross_val_predict

    folds = KFold(min(N_FOLDS, len(targets)), shuffle=True, random_state=0)
    regression = _regression() if inputs.shape[1] else DummyRegressor()
    some = inputs if inputs.shape[1] else targets[:, np.newaxis]
    return np.asarray(cross_val_predict(regression, some, targets, cv=folds))


def _regression() -> Any:
    """Return a regression that was not fitted."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeCV(PENALTIES))


def error_of(predicted: Array, means: Array, spread: Array, variation: Array) -> Error:
    """Return how far predictions are from the means, in units of the spread.

    Args:
        predicted: `(n_originals, n_examples)`.
        means: `(n_examples,)`.
        spread: likewise.
        variation: likewise, squared distance from what is taken for no prediction at all.
    """
    values = predicted.mean(axis=0)
    squared = (((predicted - means) / spread) ** 2).mean(axis=0)
    of_mean = ((values - means) / spread) ** 2
    return Error(
        values, squared, of_mean, root(squared), of_variation(variation - squared, variation)
    )


def root(squared: Array) -> Number:
    """Return the root of the mean of squared errors, its interval over examples."""
    number = mean_of(squared, "examples", "oracle sd")
    value, low, high = np.sqrt(np.maximum([number.value, number.low, number.high], 0.0)).tolist()
    return Number(value, low, high, number.n, number.of, number.unit, "root of Student's t")


def of_variation(part: Array, variation: Array) -> Number:
    """Return sum(part) / sum(variation), its interval over examples by linearisation."""
    ratio, n = float(part.sum() / variation.sum()), len(part)
    deviations = part - ratio * variation
    error = float(deviations.std(ddof=1) * np.sqrt(n) / variation.sum())
    return from_error(ratio, error, n, "examples")
