"""Two classes that fill circles in the plane, and networks trained on some of their points.

All networks of a group are trained at once, each on its own choice of the points, all of these in
every step: then nothing but the choice tells two networks of one seed apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from scorer.training.loop import ModelSeeds, TrainingSet, predict
from scorer.training.recipe import Recipe
from scorer.training.stacked import StackedTraining
from scorer.training.step import training_settings

RADIUS = 2.0
HEIGHT = 5.0
"""Of both centres; at a distance of 10 they are (-5, 5) and (5, 5)."""

SCALE = 5.0
"""What coordinates are divided by before a network sees them, measured from (0, `HEIGHT`)."""

MARGIN = 1.5
"""From the circles to the edge of the window in which decisions are compared."""

WEIGHT_DECAY = 1e-3
LEARNING_RATE = 0.05
"""At twice of this the largest network is chaotic: rounding alone moves its parameters visibly."""

N_VAL, N_TEST = 100, 400
GRID_SHAPE = (57, 81)


@dataclass(frozen=True)
class Circles:
    """Points of two classes, and the grid on which decisions are compared.

    Attributes:
        distance: of the centres.
        points: float32 `(n, 2)` as a network sees them; sets one after the other: train, val, test.
        labels: int64 `(n,)`: 0 left, 1 right.
        n_train: how many of them are for training.
    """

    distance: float
    points: Tensor
    labels: Tensor
    n_train: int

    @property
    def half_width(self) -> float:
        """Return half the width of the window."""
        return self.distance / 2 + RADIUS + MARGIN

    @property
    def cell_area(self) -> float:
        """Return the area of a cell of the grid, in the square units of the coordinates."""
        rows, columns = GRID_SHAPE
        height = 2 * (RADIUS + MARGIN)
        return height / (rows - 1) * 2 * self.half_width / (columns - 1)

    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the coordinates of the columns and rows of the grid."""
        rows, columns = GRID_SHAPE
        reach = RADIUS + MARGIN
        x = np.linspace(-self.half_width, self.half_width, columns)
        return x, np.linspace(HEIGHT - reach, HEIGHT + reach, rows)

    def grid(self) -> Tensor:
        """Return the grid `(rows x columns, 2)` as a network sees it."""
        x, y = np.meshgrid(*self.axes())
        places = np.stack([x, y - HEIGHT], axis=-1).reshape(-1, 2) / SCALE
        return torch.from_numpy(places.astype(np.float32))

    def training_set(self) -> TrainingSet:
        """Return the points for training."""
        return TrainingSet(self.points[: self.n_train], self.labels[: self.n_train], 2)

    def coordinates(self) -> np.ndarray:
        """Return the points for training `(n_train, 2)` as they are drawn."""
        shown = self.points[: self.n_train].numpy() * SCALE
        return np.asarray(shown + np.array([0.0, HEIGHT]))


def draw_circles(n_train: int, distance: float) -> Circles:
    """Return points drawn evenly from both circles; those of another distance are only shifted."""
    rng = np.random.default_rng(0)
    n = n_train + N_VAL + N_TEST
    radius, angle = RADIUS * np.sqrt(rng.random(n)), 2 * np.pi * rng.random(n)
    labels = np.arange(n) % 2
    x = radius * np.cos(angle) + (2 * labels - 1) * distance / 2
    points = np.stack([x, radius * np.sin(angle)], axis=1) / SCALE
    return Circles(
        distance, torch.from_numpy(points.astype(np.float32)), torch.from_numpy(labels), n_train
    )


class ChosenTraining(StackedTraining):
    """Training at once of models that each see their own choice of the data, whole every step."""

    def __init__(
        self, data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds], chosen: Tensor
    ) -> None:
        """Initialise the models.

        Args:
            data: what is chosen from.
            recipe: its epochs are the number of steps; its batch holds all data.
            seeds: one entry a model.
            chosen: `(n_models, n_chosen)` int64 indices into the data.
        """
        super().__init__(data, recipe, seeds)
        dummies = chosen[-1:].expand(len(self._seeds) - len(chosen), -1)
        self._chosen = torch.cat([chosen, dummies]).t().contiguous()

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """Yield the same batch every step."""
        for _ in range(self._recipe.epochs):
            yield (self._chosen,)


def recipe_of(architecture: str, n_steps: int, n_train: int) -> Recipe:
    """Return how the networks of this study are trained."""
    return Recipe(
        architecture=architecture,
        optimizer="sgd",
        learning_rate=LEARNING_RATE,
        momentum=0.9,
        weight_decay=WEIGHT_DECAY,
        schedule="one_cycle",
        warmup=0.1,
        epochs=n_steps,
        batch_size=n_train,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    )


def train_on_choices(
    circles: Circles,
    architecture: str,
    n_steps: int,
    left_out: Sequence[Sequence[int]],
    seeds: Sequence[ModelSeeds],
    *,
    shuffled: bool = False,
) -> list[nn.Module]:
    """Return one trained network for each list of points that are left out, all as long.

    Shuffled, each network has its points in another order, which changes rounding alone.
    """
    everything = np.arange(circles.n_train)
    chosen = np.stack([np.setdiff1d(everything, without) for without in left_out])
    if shuffled:
        chosen = np.random.default_rng(0).permuted(chosen, axis=1)
    data = circles.training_set()
    recipe = recipe_of(architecture, n_steps, circles.n_train)
    with training_settings(data.images.device):
        training = ChosenTraining(data, recipe, seeds, torch.from_numpy(chosen))
        for _ in training.steps():
            pass
        return training.models()


def positive_share(grid: np.ndarray, circles: Circles) -> np.ndarray:
    """Return which share of each cell of the grid is decided for class 1.

    Near the boundary the margin is taken as linear, so that areas much smaller than a cell count.

    Args:
        grid: `(..., rows, columns)` margins.
        circles: whose grid it is.

    Returns:
        Of the same shape, in [0, 1].
    """
    x, y = circles.axes()
    steps = y[1] - y[0], x[1] - x[0]
    # What the margin changes from one side of a cell to the other, at most.
    slopes = [np.gradient(grid, axis=axis) for axis in (-2, -1)]
    across = np.maximum(np.hypot(slopes[0] / steps[0], slopes[1] / steps[1]) * min(steps), 1e-12)
    return np.asarray(np.clip(0.5 + grid / across, 0.0, 1.0))


def margins(net: nn.Module, places: Tensor) -> np.ndarray:
    """Return the logit of class 1 less that of class 0 `(n_places,)` float32."""
    logits = predict(net, places, batch_size=8192)
    return np.asarray((logits[:, 1] - logits[:, 0]).numpy())


def describe(nets: Sequence[nn.Module], circles: Circles) -> dict[str, np.ndarray]:
    """Return what is kept of networks: margins at all points and on the grid, parameters."""
    grid = circles.grid()
    vectors = [nn.utils.parameters_to_vector(net.parameters()).detach().numpy() for net in nets]
    return {
        "points": np.stack([margins(net, circles.points) for net in nets]),
        "grid": np.stack([margins(net, grid) for net in nets]),
        "parameters": np.stack(vectors),
    }


def trained(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return what is kept of networks trained on choices: a part of the study.

    Args:
        values: `n_points`, `distance`, `architecture`, `n_steps`, `left_out` (a list of points for
            each network), `role`, `seeds` (the index of each network in its role) and
            `shuffled`.
    """
    circles = draw_circles(values["n_points"], values["distance"])
    seeds = [ModelSeeds.of("circles", values["role"], index) for index in values["seeds"]]
    sizes = values["architecture"], values["n_steps"]
    chosen = values["left_out"], seeds
    nets = train_on_choices(circles, *sizes, *chosen, shuffled=values["shuffled"])
    return describe(nets, circles)
