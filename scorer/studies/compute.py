"""What a share of a retraining buys: training for less, going on from the original, methods.

A retraining that is broken off has not yet lowered its learning rate; one that is planned for the
share has. The two are different baselines for every method that claims to be faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from scorer.oracles.open import open_pool
from scorer.oracles.outputs import Bank
from scorer.studies import _compute_figures as figures
from scorer.studies._compute_answers import answer
from scorer.studies._compute_models import STARTS
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings
from scorer.studies.parts import Part, make_parts
from scorer.studies.scores import Score, score_banks
from scorer.studies.unlearning import baseline_sha256

MODELS = "scorer.studies._compute_models"

METHODS = ("finetune", "entropy", "sebastian")
"""Three that read retain and take their length from one constant."""


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        shares: of the multiply-adds of a retraining, rising.
        n_models: oracles, controls and models of each kind.
        methods: names of baselines.
    """

    shares: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 1.0)
    n_models: int = 16
    methods: tuple[str, ...] = METHODS


QUICK = Sizes(shares=(0.1, 0.2), n_models=4, methods=("finetune",))


@dataclass(frozen=True)
class Place:
    """Where a series stands at one share.

    Attributes:
        share: of the multiply-adds of a retraining that were taken.
        score: of the models.
    """

    share: float
    score: Score


Series = Mapping[str, Mapping[float, Place]]
"""Places by the share that was asked for, by the name of a start or method."""


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    series = score_all(sizes, settings)
    found = STUDY.findings(settings, settings.options.torch_device)
    answer(found, series, sizes.methods)
    found.add_figure(
        "relative_score", partial(figures.curves, series, sizes.methods, "relative_score"),
        "Relative score against the share of a retraining's multiply-adds: ways to train (left),"
        " methods beside training annealed within the share (right); bars are 95 % intervals.",
    )  # fmt: skip
    found.add_figure(
        "forgetting_quality", partial(figures.curves, series, sizes.methods, "forgetting_quality"),
        "The same for the forgetting quality F, without utility.",
    )  # fmt: skip
    found.notes += [
        "Warm: from the original's weights by the recipe's own schedule, annealed within the share;"
        " shrunk: from the mean of the original's weights and new ones.",
        "Methods are called directly, not through the runner; their length is set so that one"
        " audited run takes the share, everything else is as it was tuned for the usual length.",
        "One original: all intervals hold given it.",
    ]
    return found


def score_all(sizes: Sizes, settings: Settings) -> Series:
    """Return the score of every start and method at every share."""
    pool, engine = open_pool(settings.options, settings.progress)
    n = sizes.n_models
    wanted = {"original": 1, "oracle": n, "control": n}
    banks = pool.banks(wanted, engine, settings.progress)
    told = {"pool": pool.to_spec(), "n_models": n}
    parts: dict[tuple[str, float], Part] = {}
    for share in sorted(sizes.shares, reverse=True):
        values = {**told, "share": share}
        for start in STARTS:
            parts[start, share] = Part(f"{MODELS}:trained", {**values, "start": start})
        for method in sizes.methods:
            own = {"method": method, "sha256": baseline_sha256(method)}
            parts[method, share] = Part(f"{MODELS}:unlearned", {**values, **own})
    arrays = make_parts(list(parts.values()), settings, pool.device)
    made = dict(zip(parts, arrays, strict=True))
    return {
        name: {
            share: place_of(made[name, share], banks["oracle"], banks["control"])
            for share in sizes.shares
        }
        for name in (*STARTS, *sizes.methods)
    }


def place_of(arrays: Mapping[str, np.ndarray], oracle: Bank, control: Bank) -> Place:
    """Return where the models of one part stand."""
    bank = Bank({name: array for name, array in arrays.items() if name != "share"})
    banks = {"unlearned": bank, "oracle": oracle, "control": control}
    return Place(float(arrays["share"][0]), score_banks(banks))


STUDY = Study(
    "compute",
    "what does a share of a retraining's arithmetic buy",
    run,
    tasks=("digits",),
)
