"""Study `boundary`: choices of points, influence functions, and a quick run of all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from scorer.studies import Settings
from scorer.studies._circles import (
    HEIGHT,
    MARGIN,
    RADIUS,
    SCALE,
    Circles,
    draw_circles,
    positive_share,
    recipe_of,
    train_on_choices,
)
from scorer.studies._circles_unlearned import (
    FAILED,
    bank_of,
    n_repeats,
    retain_methods,
    unlearned,
)
from scorer.studies._influence import influence
from scorer.studies.boundary import STUDY
from scorer.studies.parts import text_of
from scorer.studies.unlearning import baseline_sha256
from scorer.tasks import TASKS
from scorer.training.loop import ModelSeeds, TrainingSet, train_models

SEEDS = ModelSeeds.of("circles", "test", 0)


@pytest.mark.parametrize("distance", [10.0, 3.0])
def test_points_fill_circles_at_a_distance(distance: float) -> None:
    circles = draw_circles(200, distance)
    places, labels = circles.coordinates(), circles.labels[:200].numpy()
    for label, x in ((0, -distance / 2), (1, distance / 2)):
        radii = np.linalg.norm(places[labels == label] - (x, HEIGHT), axis=1)
        assert 0.9 * RADIUS < radii.max() <= RADIUS + 1e-5
        # Evenly over the area: half of them within the radius over the root of two.
        assert 0.35 < (radii < RADIUS / np.sqrt(2)).mean() < 0.65
    other = draw_circles(200, distance + 1).coordinates()
    np.testing.assert_allclose(np.abs(other - places), [[0.5, 0.0]] * 200, atol=1e-5)


def test_the_grid_spans_the_window() -> None:
    circles = draw_circles(20, 4.0)
    grid = circles.grid().numpy() * SCALE + (0, HEIGHT)
    x, y = circles.axes()
    np.testing.assert_allclose(grid.min(axis=0), (x[0], y[0]), atol=1e-5)
    np.testing.assert_allclose(grid.max(axis=0), (x[-1], y[-1]), atol=1e-5)
    np.testing.assert_allclose(circles.cell_area, (x[1] - x[0]) * (y[1] - y[0]))


@pytest.mark.parametrize("angle", [0.0, 0.7, 1.5])
@pytest.mark.parametrize("shift", [0.01, 0.3])
def test_areas_smaller_than_a_cell_are_measured(angle: float, shift: float) -> None:
    circles = draw_circles(20, 3.0)
    x, y = np.meshgrid(*circles.axes())
    along = np.cos(angle) * x + np.sin(angle) * (y - HEIGHT)
    shares = [positive_share(3.0 * (along - offset), circles) for offset in (0.0, shift)]
    area = np.abs(shares[0] - shares[1]).sum() * circles.cell_area
    # A line through the centre of the window leaves it at the nearer pair of sides.
    half_width, half_height = circles.half_width, RADIUS + MARGIN
    length = 2 * min(half_height / np.cos(angle), half_width / np.sin(angle or 1e-9))
    np.testing.assert_allclose(area, shift * length, rtol=0.06)


def vector(net: nn.Module) -> np.ndarray:
    return nn.utils.parameters_to_vector(net.parameters()).detach().numpy()


@pytest.mark.parametrize("left_out", [(), (3,), (1, 4, 8)])
def test_a_choice_is_a_training_on_that_choice(left_out: tuple[int, ...]) -> None:
    circles = draw_circles(16, 3.0)
    others = [tuple((point + 1) % 16 for point in left_out)]
    net, _ = train_on_choices(circles, "mlp_2x8", 12, [left_out, *others], [SEEDS, SEEDS])
    kept = np.setdiff1d(np.arange(16), left_out)
    data = TrainingSet(circles.points[kept], circles.labels[kept], 2)
    (alone,) = train_models(data, recipe_of("mlp_2x8", 12, 16), [SEEDS])
    np.testing.assert_allclose(vector(net), vector(alone), atol=1e-5)


def test_another_order_of_the_points_is_rounding_alone() -> None:
    circles = draw_circles(16, 3.0)
    for shuffled in (False, True):
        nets = train_on_choices(circles, "mlp_1x8", 12, [(), ()], [SEEDS, SEEDS], shuffled=shuffled)
        found = list(map(vector, nets))
        np.testing.assert_allclose(*found, atol=1e-5)
        assert np.array_equal(*found) is not shuffled


def test_leaving_nothing_out_changes_nothing() -> None:
    circles = draw_circles(16, 3.0)
    nets = train_on_choices(circles, "mlp_1x8", 12, [(), ()], [SEEDS, SEEDS])
    np.testing.assert_array_equal(*map(vector, nets))


class Line(nn.Module):
    """A linear classifier, whose loss is convex."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.fc(points)


def fitted(points: torch.Tensor, labels: torch.Tensor, decay: float) -> Line:
    """Return the linear classifier of the smallest loss."""
    net = Line().double()
    optimizer = torch.optim.LBFGS(
        net.parameters(), max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-15
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        weights = sum(parameter.square().sum() for parameter in net.parameters())
        value = nn.functional.cross_entropy(net(points), labels) + decay / 2 * weights
        value.backward()
        return value

    optimizer.step(loss)
    return net


def test_influence_functions_foretell_a_convex_model() -> None:
    circles: Circles = draw_circles(40, 3.0)
    points, labels = circles.points[:40].double(), circles.labels[:40]
    net, grid = fitted(points, labels, 0.01), circles.grid().double()[::50]
    told = influence(net, points, labels.numpy(), grid, 0.01)
    for point in (0, 7, 21):
        kept = np.setdiff1d(np.arange(40), point)
        without = fitted(points[kept], labels[kept], 0.01)
        length = np.linalg.norm(vector(without) - vector(net))
        np.testing.assert_allclose(told.parameters[point], length, rtol=0.15)
        with torch.no_grad():
            moved = without(grid) - net(grid)
        np.testing.assert_allclose(
            told.grid[point], (moved[:, 1] - moved[:, 0]).numpy(), rtol=0.2, atol=0.02
        )


def test_a_margin_is_the_confidence_of_the_own_class() -> None:
    circles = draw_circles(10, 4.0)
    points = np.full((3, len(circles.points)), 2.0)
    bank = bank_of(points, circles, [0, 1])
    np.testing.assert_array_equal(bank.confidence(), [[-2.0, 2.0]] * 3)
    np.testing.assert_array_equal(bank.accuracy("test"), [0.5] * 3)


def test_methods_that_read_retain_are_run() -> None:
    assert {"finetune", "pruning", "scrub"} <= set(retain_methods())
    assert not {"gradient_ascent", "delete"} & set(retain_methods())


def test_an_epoch_of_a_method_is_the_share_of_the_training_that_it_is_on_digits() -> None:
    epochs = TASKS["digits"].recipe.epochs
    assert n_repeats(7 * epochs) == 7
    assert n_repeats(1) == 1


@pytest.mark.parametrize("name", ["kookmin", "pruning"])
def test_a_method_for_convolutions_is_named(name: str) -> None:
    sizes = {"n_points": 16, "distance": 3.0, "architecture": "mlp_1x4", "n_steps": 8}
    told = {"forget": [1, 2], "n_runs": 1, "method": name, "sha256": baseline_sha256(name)}
    found = unlearned({**sizes, **told})
    assert set(found) == {FAILED}
    assert "nn.Conv2d" in text_of(found[FAILED])


def test_a_quick_run_answers_everything(settings: Settings, tmp_path: Path) -> None:
    found = STUDY.run(settings)
    assert set(found.figures) == {"boundaries", "left_out", "predictors", "unlearned"}
    assert len(found.answers) >= 5
    assert {"area_mlp_1x4_at_3", "moved_mlp_2x8_at_10", "best_relative_score"} <= set(found.numbers)
    assert all(number.n > 1 for number in found.numbers.values())
    folder = found.write(tmp_path / "boundary")
    assert len(list(folder.glob("*.png"))) == 4
    parts = sorted(settings.parts_dir.rglob("manifest.json"))
    assert STUDY.run(settings).numbers == found.numbers
    assert sorted(settings.parts_dir.rglob("manifest.json")) == parts
