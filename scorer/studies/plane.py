"""What would images look like in the plane: points that networks see as they see images.

Models on random halves of a task's training examples show how often they err, how classes overlap,
how well confidence is calibrated and how much is memorised. A mixture per class in the plane is
fitted until models on its points show the same. What was found is also the task `plane`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from data_prep import plane as points
from data_prep.plane import Mixture
from scorer.oracles.outputs import Bank
from scorer.studies import _plane_figures as figures
from scorer.studies import _plane_fit as fit
from scorer.studies._models import task_values, values_of
from scorer.studies._plane_answers import answer
from scorer.studies._plane_models import read
from scorer.studies._plane_traits import TRAITS, Portrait
from scorer.studies._plane_unlearned import FAILED, half_width_of, task_of
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings
from scorer.studies.parts import Part, make_parts, text_of
from scorer.studies.scores import Score, score_banks
from scorer.studies.unlearning import baseline_sha256
from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import PUBLIC_SEED, HardRandom
from scorer.tasks.kept import kept_path
from scorer.tasks.plane import DEFINITION, FORGET
from scorer.tasks.task import Task

PORTRAITS = "scorer.studies._plane_models"
UNLEARNED = "scorer.studies._plane_unlearned"

ORIGINAL = "original"


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        n_train: images looked at, at most, and as many points.
        n_models: of a portrait, on halves.
        n_banks: portraits of the images.
        n_fitted: draws of points that a candidate is judged by.
        n_fresh: other draws, that the result is judged by.
        n_rounds: of the search.
        n_candidates: of a round.
        n_best: of these, which the next round is drawn around.
        definition: of the task that the points become.
        forget: its forget set.
        n_points: of that task.
        n_unlearned: originals, oracles, controls and runs of each method.
        methods: that are drawn.
    """

    n_train: int = 4000
    n_models: int = 8
    n_banks: int = 6
    n_fitted: int = 2
    n_fresh: int = 8
    n_rounds: int = 4
    n_candidates: int = 12
    n_best: int = 4
    definition: TaskDefinition = DEFINITION
    forget: HardRandom = FORGET
    n_points: int = points.N_POINTS
    n_unlearned: int = 16
    methods: tuple[str, ...] = (
        "finetune",
        "exact_unlearning_k",
        "boundary_expand",
        "gradient_ascent",
    )


QUICK = Sizes(
    n_train=130,
    n_models=2,
    n_banks=2,
    n_fitted=1,
    n_fresh=2,
    n_rounds=2,
    n_candidates=3,
    n_best=2,
    definition=replace(
        DEFINITION, n_val=20, n_test=50, recipe=replace(DEFINITION.recipe, epochs=10, batch_size=65)
    ),
    forget=HardRandom(n_hard=9, n_random=4, n_models=2),
    n_points=200,
    n_unlearned=4,
    methods=("finetune",),
)


@dataclass(frozen=True, eq=False)
class Fitted:
    """What the search found.

    Attributes:
        images: portraits of the images, one a bank.
        plane: portraits of points of the mixture, one a draw that the search did not see.
        mixture: that was found.
        least: least distance of each round of the search.
    """

    images: list[Portrait]
    plane: list[Portrait]
    mixture: Mixture
    least: list[float]


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What becomes of the plane when points are to be forgotten.

    Attributes:
        task: the points as a task.
        half_width: half the side of the window that is drawn.
        decisions: `(n_models, rows, columns)` classes, of "original", "oracle" and methods.
        scores: of "original" and methods.
        skipped: why, by method.
    """

    task: Task
    half_width: float
    decisions: dict[str, np.ndarray]
    scores: dict[str, Score] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    task_name = settings.options.task
    fitted = fit_plane(sizes, settings)
    task, kept_text = task_of(
        fitted.mixture, sizes.n_points, sizes.definition, sizes.forget, settings
    )
    after = unlearn_all(task, sizes, settings)
    found = STUDY.findings(settings, settings.options.torch_device)
    found.notes += [f"`{name}` is left out: {reason}." for name, reason in after.skipped.items()]
    answer(found, fitted, after.scores, sizes, task_name)
    found.add_figure(
        "points", partial(figures.points, after, fitted, task_name),
        f"The points drawn, over what one network decides (left); what models show of {task_name}"
        " and of points that the fit did not see, as differences relative to the former (right);"
        " bars are 95 % intervals.",
    )  # fmt: skip
    found.add_figure(
        "overlaps", partial(figures.overlaps, fitted, task_name),
        f"Which classes are taken for which: probability given to each other class, of {task_name}"
        " and of the points, by models that were not trained on the example.",
    )  # fmt: skip
    found.add_figure(
        "boundaries", partial(figures.boundaries, after),
        "Where decisions change, the darker in the more of the networks; points to be forgotten in"
        " the colours of their classes. Above each panel the relative score.",
    )  # fmt: skip
    if not STUDY.variant(task_name):
        about = {"command": found.command, "summary": "fitted to what models show of digits"}
        text = json.dumps({**about, "mixture": fitted.mixture.as_dict()}, indent=1)
        found.files[points.FILE] = f"{text}\n"
        found.files[kept_path(DEFINITION, PUBLIC_SEED)] = kept_text
    return found


def fit_plane(sizes: Sizes, settings: Settings) -> Fitted:
    """Look at the images, and search the mixture whose points show the same."""
    told = task_values(settings, sizes.n_train)
    device = settings.options.torch_device
    banks = [
        Part(f"{PORTRAITS}:images_shown", {**told, "n_models": sizes.n_models, "bank": bank})
        for bank in range(sizes.n_banks)
    ]
    images = [read(arrays) for arrays in make_parts(banks, settings, device)]
    n_train = len(images[0].own)
    overlaps = np.mean([one.overlaps for one in images], axis=0)
    wanted = mean_traits(images)
    centres = fit.arrange(overlaps)

    def portraits(mixtures: Sequence[Mixture], draws: Sequence[int]) -> list[list[Portrait]]:
        shared = {"recipe": asdict(sizes.definition.recipe), "n_points": n_train,
                  "n_models": sizes.n_models}  # fmt: skip
        parts = [
            Part(
                f"{PORTRAITS}:points_shown",
                {**shared, "mixture": mixture.as_dict(), "draw": draw},
            )
            for mixture in mixtures
            for draw in draws
        ]
        made = [read(arrays) for arrays in make_parts(parts, settings)]
        return [made[first : first + len(draws)] for first in range(0, len(made), len(draws))]

    def distances(candidates: Sequence[dict[str, float]]) -> list[float]:
        mixtures = [fit.mixture_of(overlaps, centres, values) for values in candidates]
        # Draw 0 is the task's own.
        drawn = portraits(mixtures, range(1, 1 + sizes.n_fitted))
        return [fit.distance(mean_traits(each), wanted) for each in drawn]

    values, least = fit.search(distances, sizes.n_rounds, sizes.n_candidates, sizes.n_best)
    mixture = fit.mixture_of(overlaps, centres, values)
    fresh = range(1 + sizes.n_fitted, 1 + sizes.n_fitted + sizes.n_fresh)
    return Fitted(images, portraits([mixture], fresh)[0], mixture, least)


def mean_traits(portraits: Sequence[Portrait]) -> dict[str, float]:
    """Return the mean of each trait."""
    return {name: float(np.mean([one.traits[name] for one in portraits])) for name in TRAITS}


def unlearn_all(task: Task, sizes: Sizes, settings: Settings) -> Unlearned:
    """Train originals, oracles and controls of the points, run methods, and score them."""
    half_width = half_width_of(task)
    shared: dict[str, Any] = {
        **values_of(task, settings, {}), "n_models": sizes.n_unlearned, "half_width": half_width
    }  # fmt: skip
    methods = {name: baseline_sha256(name) for name in sizes.methods}
    parts = [Part(f"{UNLEARNED}:unlearned", {**shared, "methods": methods})]
    parts += [
        Part(f"{UNLEARNED}:retrained", {**shared, "role": role}) for role in ("oracle", "control")
    ]
    mixed, oracle, control = make_parts(parts, settings, settings.options.torch_device)
    banks = {"oracle": bank_of(oracle), "control": bank_of(control)}
    after = Unlearned(task, half_width, {"oracle": oracle["decisions"]})
    for name in (ORIGINAL, *methods):
        own = {path.partition("/")[2]: array for path, array in mixed.items()
               if path.startswith(f"{name}/")}  # fmt: skip
        if FAILED in own:
            after.skipped[name] = text_of(own[FAILED])
            continue
        after.decisions[name] = own["decisions"]
        origins = list(range(sizes.n_unlearned))
        after.scores[name] = score_banks({**banks, "unlearned": bank_of(own)}, originals=origins)
    return after


def bank_of(arrays: Mapping[str, np.ndarray]) -> Bank:
    """Return the outputs among the arrays of a part."""
    return Bank({name: array for name, array in arrays.items() if name != "decisions"})


STUDY = Study(
    "plane",
    "can points in the plane be to networks what images are",
    run,
    tasks=("digits", "fashion_mnist"),
)
