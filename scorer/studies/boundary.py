"""Which points hold the decision boundary, and what becomes of it without them.

Two classes fill circles, at a distance and ever nearer until they overlap. Networks of growing
width and depth are trained on all points and on all but each one, with the seed fixed. The points
that move the boundary most are then unlearned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from data_prep import half_masks, out_of_sample_mean
from scorer.studies import _boundary_figures as figures
from scorer.studies._boundary_answers import answer
from scorer.studies._circles import WEIGHT_DECAY, Circles, draw_circles, positive_share
from scorer.studies._circles_unlearned import (
    FAILED,
    bank_of,
    method_parts,
    retain_methods,
)
from scorer.studies._influence import influence
from scorer.studies.base import Settings, Study
from scorer.studies.findings import Findings
from scorer.studies.parts import Part, make_parts, text_of
from scorer.studies.scores import Score, score_banks
from scorer.training.models import build_model

TRAINED = "scorer.studies._circles:trained"


@dataclass(frozen=True)
class Sizes:
    """How large the study is.

    Attributes:
        n_points: to train on.
        distances: of the centres, falling; at the first and the `near` one points are left out.
        near: the distance at which the classes overlap and points are unlearned.
        architectures: of growing capacity; points are unlearned from the last.
        n_steps: of a training.
        n_halves: models on random halves, for the memorisation score.
        n_shuffled: models that differ by rounding alone.
        n_forget: points to be unlearned.
        n_models: oracles, controls and runs of each method.
        methods: None for all that read the retain set.
        group: models that are trained at once.
    """

    n_points: int = 200
    distances: tuple[float, ...] = (10, 5, 4, 3)
    near: float = 3
    architectures: tuple[str, ...] = ("mlp_1x8", "mlp_2x16", "mlp_3x32", "mlp_4x64")
    n_steps: int = 250
    n_halves: int = 40
    n_shuffled: int = 12
    n_forget: int = 20
    n_models: int = 32
    methods: tuple[str, ...] | None = None
    group: int = 25


QUICK = Sizes(
    n_points=24,
    distances=(10, 3),
    architectures=("mlp_1x4", "mlp_2x8"),
    n_steps=16,
    n_halves=4,
    n_shuffled=3,
    n_forget=6,
    n_models=4,
    methods=("finetune", "sebastian"),
    group=13,
)


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What leaving out each point did to one network.

    Attributes:
        grid: `(rows, columns)` margin of the network on all points.
        area: `(n_points,)` where decisions differ, in square units.
        rounding_area: `(n_shuffled,)` the same for networks that differ by rounding alone.
        moved: `(n_points,)` length of the change of all parameters.
        influence_area: `(n_points,)` the area that influence functions foretell.
        influence_moved: `(n_points,)` the length that they foretell.
        memorised: `(n_points,)` probability of the own class with the point less without it.
    """

    grid: np.ndarray
    area: np.ndarray
    rounding_area: np.ndarray
    moved: np.ndarray
    influence_area: np.ndarray
    influence_moved: np.ndarray
    memorised: np.ndarray


@dataclass(frozen=True, eq=False)
class Unlearned:
    """What methods made of the network whose most moving points were to be forgotten.

    Attributes:
        forget: indices of these points.
        scores: by method, best first.
        grids: `(n_models, rows, columns)` margins, by method, and of "original" and "oracle".
        skipped: why, by method.
    """

    forget: np.ndarray
    scores: dict[str, Score]
    grids: dict[str, np.ndarray]
    skipped: dict[str, str]


Key = tuple[float, str]
"""A distance and an architecture."""


def run(settings: Settings) -> Findings:
    """Compute, draw and answer."""
    sizes = QUICK if settings.quick else Sizes()
    circles = {distance: draw_circles(sizes.n_points, distance) for distance in sizes.distances}
    arrays = train_all(sizes, settings)
    left_out = {
        (distance, architecture): compare_left_out(
            circles[distance], architecture, arrays, (distance, architecture), sizes
        )
        for distance in (sizes.distances[0], sizes.near)
        for architecture in sizes.architectures
    }
    most = left_out[sizes.near, sizes.architectures[-1]]
    forget = np.sort(np.argsort(-most.area, kind="stable")[: sizes.n_forget])
    after = unlearn_all(circles[sizes.near], forget, most, sizes, settings)
    found = STUDY.findings(settings)
    answer(found, sizes, left_out, after)
    grids = {key: all_points(arrays, key) for key in product_of(sizes)}
    shown = {key: figures.on_grid(grid) for key, grid in grids.items()}
    found.add_figure(
        "boundaries", partial(figures.boundaries, circles, shown, sizes.architectures),
        "Decision of one network on all points, by capacity and by the distance of the centres.",
    )  # fmt: skip
    near = {name: left_out[sizes.near, name] for name in sizes.architectures}
    found.add_figure(
        "left_out", partial(figures.left_out, circles[sizes.near], near),
        f"Every point left out once, distance {sizes.near:g}: points as large as the area that each"
        " moves, by the largest of its network.",
    )  # fmt: skip
    found.add_figure(
        "predictors",
        partial(figures.predictors, most, found.numbers, sizes.architectures, sizes.near),
        "What foretells the change: influence functions and the memorisation score against what"
        " leaving a point out does, largest network; rank correlations of all networks below.",
    )  # fmt: skip
    found.add_figure(
        "unlearned", partial(figures.unlearned, circles[sizes.near], after),
        "Boundaries of single runs after unlearning the points that move it most (ringed), beside"
        " original and oracles: the best methods, and the worst.",
    )  # fmt: skip
    return found


def product_of(sizes: Sizes) -> list[Key]:
    """Return every distance with every architecture."""
    return [(distance, name) for distance in sizes.distances for name in sizes.architectures]


def train_all(sizes: Sizes, settings: Settings) -> dict[Any, dict[str, np.ndarray]]:
    """Return the arrays of all trainings that depend on no other, by name."""
    parts: dict[tuple[Any, ...], Part] = {}
    masks = half_masks(np.arange(sizes.n_points) % 2, sizes.n_halves, seed=0)
    for distance, architecture in reversed(product_of(sizes)):
        key: Key = (distance, architecture)
        leaves = distance in (sizes.distances[0], sizes.near)
        parts[("all", *key)] = part(key, sizes, [[]], "left_out", same_seed=True)
        for first in range(0, sizes.n_points if leaves else 0, sizes.group):
            points = range(first, min(first + sizes.group, sizes.n_points))
            without = [[point] for point in points]
            parts[("one", *key, first)] = part(key, sizes, without, "left_out", same_seed=True)
        if leaves:
            outside = [np.flatnonzero(~mask).tolist() for mask in masks]
            parts[("half", *key)] = part(key, sizes, outside, "halves")
            nothing: list[list[int]] = [[]] * sizes.n_shuffled
            parts[("rounding", *key)] = part(
                key, sizes, nothing, "left_out", same_seed=True, shuffled=True
            )
    return dict(zip(parts, make_parts(list(parts.values()), settings), strict=True))


def part(
    key: Key,
    sizes: Sizes,
    left_out: Sequence[Sequence[int]],
    role: str,
    *,
    same_seed: bool = False,
    shuffled: bool = False,
) -> Part:
    """Return the training of one group of networks."""
    seeds = [0] * len(left_out) if same_seed else list(range(len(left_out)))
    chosen = {"left_out": left_out, "role": role, "seeds": seeds, "shuffled": shuffled}
    return Part(TRAINED, {**training_values(key, sizes), **chosen})


def training_values(key: Key, sizes: Sizes) -> dict[str, Any]:
    """Return what every training of this study is told."""
    shared = {"n_points": sizes.n_points, "n_steps": sizes.n_steps}
    return {**shared, "distance": key[0], "architecture": key[1]}


def all_points(arrays: dict[Any, Any], key: Key) -> np.ndarray:
    """Return the margins on the grid of the network that saw all points."""
    return np.asarray(arrays["all", *key]["grid"][0])


def compare_left_out(
    circles: Circles, architecture: str, arrays: dict[Any, Any], key: Key, sizes: Sizes
) -> LeftOut:
    """Hold the networks without each point against the one with all, and against estimates."""
    whole = {name: array[0] for name, array in arrays["all", *key].items()}
    firsts = range(0, sizes.n_points, sizes.group)
    without = {
        name: np.concatenate([arrays["one", *key, first][name] for first in firsts])
        for name in ("grid", "parameters")
    }
    net = build_model(architecture, 2, 2, seed=0)
    nn.utils.vector_to_parameters(torch.from_numpy(whole["parameters"]), net.parameters())
    labels = circles.labels[: sizes.n_points].numpy()
    told = influence(
        net, circles.points[: sizes.n_points], labels, circles.grid(), WEIGHT_DECAY
    )  # fmt: skip

    def area(grids: np.ndarray) -> np.ndarray:
        shares = [positive_share(figures.on_grid(each), circles) for each in (grids, whole["grid"])]
        return np.asarray(np.abs(shares[0] - shares[1]).sum(axis=(1, 2)) * circles.cell_area)

    masks = half_masks(labels, sizes.n_halves, seed=0)
    sign = np.where(labels == 1, 1.0, -1.0)
    own = 1.0 / (1.0 + np.exp(-sign * arrays["half", *key]["points"][:, : sizes.n_points]))
    return LeftOut(
        grid=figures.on_grid(whole["grid"]),
        area=area(without["grid"]),
        rounding_area=area(arrays["rounding", *key]["grid"]),
        moved=np.linalg.norm(
            without["parameters"].astype(np.float64) - whole["parameters"], axis=1
        ),
        influence_area=area(whole["grid"] + told.grid),
        influence_moved=told.parameters,
        memorised=out_of_sample_mean(own, ~masks) - out_of_sample_mean(own, masks),
    )


def unlearn_all(
    circles: Circles, forget: np.ndarray, original: LeftOut, sizes: Sizes, settings: Settings
) -> Unlearned:
    """Retrain without the forget set, run every method, and score it."""
    key: Key = (sizes.near, sizes.architectures[-1])
    n, chosen = sizes.n_models, forget.tolist()
    retrained = [part(key, sizes, [chosen] * n, role) for role in ("oracle", "control")]
    methods = retain_methods() if sizes.methods is None else list(sizes.methods)
    runs = method_parts(methods, training_values(key, sizes), chosen, n)
    oracle, control, *made = make_parts([*retrained, *runs], settings)
    banks = {"oracle": bank_of(oracle["points"], circles, chosen),
             "control": bank_of(control["points"], circles, chosen)}  # fmt: skip
    skipped = {name: text_of(one[FAILED]) for name, one in zip(methods, made, strict=True)
               if FAILED in one}  # fmt: skip
    run_ones = {name: one for name, one in zip(methods, made, strict=True) if FAILED not in one}
    scores = {
        name: score_banks({**banks, "unlearned": bank_of(one["points"], circles, chosen)})
        for name, one in run_ones.items()
    }
    best_first = sorted(scores, key=lambda name: -scores[name].relative_score.value)
    grids = {name: figures.on_grid(one["grid"]) for name, one in run_ones.items()}
    grids |= {"original": original.grid[np.newaxis], "oracle": figures.on_grid(oracle["grid"])}
    return Unlearned(forget, {name: scores[name] for name in best_first}, grids, skipped)


STUDY = Study("boundary", "which points hold the decision boundary, and can they be unlearned", run)
