"""Is the loss enough to tell, or does the manifold of the outputs show more?

Unlearned models and oracles are told apart by attacks that see the loss alone, all probabilities,
logits, features, gradients, or logits under augmentation. And what is the loss of an example worth:
does its variance over models explain it?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from scorer.metric.bounds import benjamini_hochberg
from scorer.studies import _manifold_figures as figures
from scorer.studies._attacks import Attacked, attack
from scorer.studies._manifold_answers import answer
from scorer.studies._models import read_sets, task_values
from scorer.studies._views import VIEWS
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings
from scorer.studies.parts import Part, make_parts
from scorer.studies.unlearning import baseline_sha256
from scorer.training.paths import choose_path

MODELS = "scorer.studies._manifold_models"

CEILING, FLOOR = "retraining", "doing nothing"
"""Rows beside the methods: other oracles, and models trained on everything."""


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        n_models: oracles, controls, models trained on everything, and runs of each method.
        methods: names of baselines.
        n_permutations: of each set-level test.
        n_train: retain and forget examples together; None for all.
        group: models of one part.
    """

    n_models: int = 32
    methods: tuple[str, ...] = (
        "finetune",
        "entropy",
        "random_labels",
        "negative_gradient_plus",
        "scrub",
        "bad_teacher",
        "sebastian",
        "kookmin",
        "exact_unlearning_k",
        "budgeted_retrain",
    )
    n_permutations: int = 199
    n_train: int | None = None
    group: int = 8


QUICK = Sizes(n_models=10, methods=("finetune",), n_permutations=19, n_train=130, group=5)


@dataclass(frozen=True, eq=False)
class Seen:
    """What attacks saw, and how losses vary.

    Attributes:
        attacks: by row (ceiling, floor or method) and view.
        p_values: of the set-level tests, adjusted for the number of them, likewise.
        confidences: `(n_models, n_examples)` of the oracles on "train", which is retain,
            and "test".
    """

    attacks: Mapping[str, Mapping[str, Attacked]]
    p_values: Mapping[str, Mapping[str, float]]
    confidences: Mapping[str, np.ndarray]


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    banks = make_banks(sizes, settings)
    seen = look(banks, sizes)
    found = STUDY.findings(settings, settings.options.torch_device)
    answer(found, seen, CEILING, FLOOR)
    found.add_figure(
        "attacks", partial(figures.attacks, seen),
        "AUC of attacks that see one view: on each forget example, mean over examples (left), and"
        " on all of them together (right; bold where p is at most 0.05 after adjustment). 0.5 is a"
        " coin toss.",
    )  # fmt: skip
    found.add_figure(
        "variance", partial(figures.variance, seen.confidences),
        "Mean loss of an example over the oracles against the variance of its confidence over"
        " them, on train and test set.",
    )  # fmt: skip
    found.notes += [
        "Features and gradients are described by what does not depend on how hidden units are"
        " numbered or turned; raw ones would tell whose weights a model was made from.",
        f"N={sizes.n_models} a side. Ceiling: other retrained models. Floor: models trained on"
        " everything, each from its own seed, so that their spread is right.",
        "Methods start from one original; all that is found of them holds given it. They are"
        " called directly, not through the runner.",
    ]
    return found


def make_banks(sizes: Sizes, settings: Settings) -> dict[str, dict[str, np.ndarray]]:
    """Return what is kept of every model, by row; oracles under "oracle"."""
    told = task_values(settings, sizes.n_train)
    task, sets = read_sets(told)
    cache_dir = settings.options.cache_dir
    path = choose_path(sets.training_set("oracle"), task.definition.recipe, cache_dir)
    told |= {"path": asdict(path)}
    n = sizes.n_models
    parts: dict[tuple[str, int], Part] = {}
    for row, role in (("oracle", "oracle"), (CEILING, "control"), (FLOOR, "original")):
        for first in range(0, n, sizes.group):
            indices = list(range(first, min(first + sizes.group, n)))
            values = {**told, "role": role, "indices": indices}
            parts[row, first] = Part(f"{MODELS}:trained", values)
    for method in sizes.methods:
        own = {"method": method, "sha256": baseline_sha256(method), "n_models": n}
        parts[method, 0] = Part(f"{MODELS}:unlearned", {**told, **own})
    arrays = make_parts(list(parts.values()), settings, settings.options.torch_device)
    made = dict(zip(parts, arrays, strict=True))
    banks: dict[str, dict[str, np.ndarray]] = {}
    for row in dict.fromkeys(name for name, _ in made):
        own_parts = [arrays for (name, _), arrays in made.items() if name == row]
        banks[row] = {
            name: np.concatenate([one[name] for one in own_parts]) for name in own_parts[0]
        }
    return banks


def look(banks: Mapping[str, Mapping[str, np.ndarray]], sizes: Sizes) -> Seen:
    """Attack every row by every view."""
    oracle = banks["oracle"]
    attacks = {
        row: {
            view: attack(
                bank[f"view/{view}"], oracle[f"view/{view}"], n_permutations=sizes.n_permutations
            )
            for view in VIEWS
        }
        for row, bank in banks.items()
        if row != "oracle"
    }
    raw = [one.set_level.p_value for by_view in attacks.values() for one in by_view.values()]
    adjusted = iter(benjamini_hochberg(raw).tolist())
    p_values = {row: {view: next(adjusted) for view in by_view} for row, by_view in attacks.items()}
    confidences = {"train": oracle["confidence_retain"], "test": oracle["confidence_test"]}
    return Seen(attacks, p_values, confidences)


STUDY = Study(
    "manifold",
    "is the loss enough to tell unlearned models from retrained ones",
    run,
    tasks=("digits", "fashion_mnist"),
)
