"""Methods run on the network in the plane: which of them can, and what they leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from torch import nn

from scorer.oracles.outputs import Bank
from scorer.runner.load import BASELINES, describe, methods_in
from scorer.studies._circles import N_VAL, Circles, draw_circles, margins, train_on_choices
from scorer.studies.parts import Part, text_array
from scorer.studies.unlearning import SETS, baseline_function, baseline_sha256, repeated, unlearn
from scorer.tasks.digits import DEFINITION as DIGITS
from scorer.training.loop import ModelSeeds

FAILED = "failed"
"""Name of the array that holds why a method could not be run."""


def retain_methods() -> list[str]:
    """Return every baseline that reads the retain set."""
    return [
        name
        for name, path in methods_in(BASELINES).items()
        if "retain" in describe(path).labels.get("Data", "")
    ]


def method_parts(
    methods: Sequence[str], sizes: Mapping[str, Any], forget: Sequence[int], n_runs: int
) -> list[Part]:
    """Return the part of each method; `sizes` are those of the original's training."""
    shared = {**sizes, "forget": list(forget), "n_runs": n_runs}
    return [
        Part(
            f"{__name__}:unlearned",
            {**shared, "method": name, "sha256": baseline_sha256(name)},
        )
        for name in methods
    ]


def n_repeats(n_steps: int) -> int:
    """Return how often a set stands in its loader: steps of a training for an epoch on digits."""
    return max(1, round(n_steps / DIGITS.recipe.epochs))


@lru_cache(maxsize=1)
def _original(n_points: int, distance: float, architecture: str, n_steps: int) -> nn.Module:
    """Return the network that was trained on all points, as the one nothing is left out of."""
    circles = draw_circles(n_points, distance)
    seeds = [ModelSeeds.of("circles", "left_out", 0)]
    return train_on_choices(circles, architecture, n_steps, [()], seeds)[0]


def unlearned(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the margins of the networks that one method leaves: a part of the study.

    The sets stand in their loaders so many times over that an epoch is the same share of the
    training as on digits, for which the constants of methods are.

    Args:
        values: `n_points`, `distance`, `architecture`, `n_steps`, `method`, `forget` (indices of
            points), `n_runs`, and `sha256` of the method.

    Returns:
        "points" and "grid", or "failed" with the reason: what a method raises is an answer here.
    """
    sizes = [values[name] for name in ("n_points", "distance", "architecture", "n_steps")]
    circles = draw_circles(values["n_points"], values["distance"])
    net = _original(*sizes)
    times = n_repeats(values["n_steps"])
    forget = np.array(values["forget"])
    val = np.arange(circles.n_train, circles.n_train + N_VAL)
    chosen = {"retain": np.setdiff1d(np.arange(circles.n_train), forget), "forget": forget,
              "val": val}  # fmt: skip
    sets = {name: repeated(circles.points[chosen[name]], circles.labels[chosen[name]], times)
            for name in SETS}  # fmt: skip
    function, grid = baseline_function(values["method"]), circles.grid()
    kept: dict[str, list[np.ndarray]] = {"points": [], "grid": []}
    try:
        for after in unlearn(function, net, sets, values["sha256"], values["n_runs"]):
            kept["points"].append(margins(after, circles.points))
            kept["grid"].append(margins(after, grid))
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return {FAILED: text_array(said.partition("\n")[0])}
    found = {name: np.stack(arrays) for name, arrays in kept.items()}
    if not np.isfinite(found["points"]).all():
        return {FAILED: text_array("its networks give no finite outputs")}
    return found


def bank_of(points: np.ndarray, circles: Circles, forget: Sequence[int]) -> Bank:
    """Return margins `(n_models, n_points)` as a bank to score.

    For two classes the logit-scaled confidence is the margin of the own class.
    """
    confidence = points * np.where(circles.labels.numpy() == 1, 1.0, -1.0)
    retain = np.setdiff1d(np.arange(circles.n_train), forget)
    return Bank(
        {
            "confidence_forget": confidence[:, list(forget)],
            "correct_retain": confidence[:, retain] > 0,
            "correct_test": confidence[:, circles.n_train + N_VAL :] > 0,
        }
    )
