"""Study `plane`: its traits, its fit, and a quick run of all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from data_prep import plane as points
from data_prep.plane import Mixture
from scorer.studies import Settings
from scorer.studies._plane_answers import relative_difference
from scorer.studies._plane_figures import edges
from scorer.studies._plane_fit import SCALE, arrange, distance, mixture_of, search
from scorer.studies._plane_models import kept, read
from scorer.studies._plane_traits import MEMORISED, TRAITS, portrait
from scorer.studies.plane import STUDY


def bank(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probabilities, masks and labels of four models, twelve examples and three classes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(12) % 3
    masks = np.zeros((4, 12), dtype=bool)
    masks[0, ::2] = masks[2, :6] = True
    masks[1], masks[3] = ~masks[0], ~masks[2]
    probabilities = rng.dirichlet(np.ones(3), size=(4, 12))
    probabilities[masks, labels[np.nonzero(masks)[1]]] += 1.0
    return probabilities / probabilities.sum(axis=2, keepdims=True), masks, labels


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_traits_are_those_of_a_slow_reference(seed: int) -> None:
    probabilities, masks, labels = bank(seed)
    shown = portrait(probabilities, masks, labels)
    inside: list[tuple[float, bool, float]] = []
    outside: list[tuple[float, bool, float]] = []
    scores = []
    for example, label in enumerate(labels):
        own: dict[bool, list[float]] = {True: [], False: []}
        for model in range(4):
            given = probabilities[model, example]
            seen = bool(masks[model, example])
            own[seen].append(given[label])
            row = given[label], bool(given.argmax() == label), given.max()
            (inside if seen else outside).append(row)
        scores.append(np.mean(own[True]) - np.mean(own[False]))
    given, right, surest = (np.mean(column) for column in zip(*outside, strict=True))
    assert shown.traits == pytest.approx(
        {
            "error": 1 - right,
            "training_error": 1 - np.mean([row[1] for row in inside]),
            "overlap": 1 - given,
            "overconfidence": surest - right,
            "memorisation": np.mean([row[0] for row in inside]) - given,
            "memorised": np.mean(np.array(scores) >= MEMORISED),
        }
    )
    np.testing.assert_allclose(shown.score, scores)
    np.testing.assert_allclose(shown.overlaps.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.diag(shown.overlaps).mean(), shown.own.mean())
    again = read(kept(shown))
    assert again.traits == shown.traits
    np.testing.assert_array_equal(again.overlaps, shown.overlaps)


@pytest.mark.parametrize("places", [
    [[0, 0], [3, 0], [0, 4]], [[0, 0], [2, 0], [2, 2], [0, 2]], [[0, 0], [1, 0], [3.5, 0]],
])  # fmt: skip
def test_classes_lie_as_far_apart_as_they_overlap(places: Sequence[Sequence[float]]) -> None:
    there = np.array(places, dtype=np.float64)
    apart = np.linalg.norm(there[:, np.newaxis] - there, axis=2)
    found = arrange(ndtr(-apart / 2))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-9)
    again = np.linalg.norm(found[:, np.newaxis] - found, axis=2)
    np.testing.assert_allclose(again, apart, atol=0.02)


def test_classes_that_do_not_overlap_may_lie_further_apart() -> None:
    overlaps = np.zeros((4, 4))
    overlaps[0, 1] = overlaps[1, 0] = 0.1
    found = arrange(overlaps)
    apart = np.linalg.norm(found[:, np.newaxis] - found, axis=2)
    assert apart[0, 1] == pytest.approx(2.563, abs=0.01)
    assert apart[2, 3] > 6.1


VALUES = {"spread": 0.5, "stray_share": 0.0312345, "stray_spread": 1.5, "reach": 0.3}


def test_strays_go_where_the_class_is_taken_for() -> None:
    overlaps = np.array([[0.9, 0.07, 0.03], [0.2, 0.8, 0.0], [0.1, 0.1, 0.8]])
    law = mixture_of(overlaps, np.array([[0, 0], [4, 0], [0, 4.0]]), VALUES)
    np.testing.assert_allclose(law.towards[0], [0, 0.7, 0.3])
    np.testing.assert_allclose(law.towards[1], [1, 0, 0])
    assert law.stray_share == 0.03123


@pytest.mark.parametrize("goal", [(0.5, 0.1, 2.0, 0.2), (1.2, 0.01, 1.0, 0.8), (0.9, 0.03, 3, 0.5)])
def test_the_search_comes_near_the_best(goal: tuple[float, ...]) -> None:
    wanted = dict(zip(SCALE, goal, strict=True))

    def away(candidates: Sequence[dict[str, float]]) -> list[float]:
        return [
            sum((SCALE[name][0](one[name]) - SCALE[name][0](wanted[name])) ** 2 for name in SCALE)
            for one in candidates
        ]

    first, least = search(away, 12, 60, 12)
    again, _ = search(away, 12, 60, 12)
    assert first == again
    assert away([first])[0] < 0.05
    assert least[-1] < 0.1 * least[0]


def test_distances_are_relative() -> None:
    wanted = {"error": 0.09, "overconfidence": -0.01, "training_error": 0.0}
    assert distance(wanted, wanted) == 0
    traits = {"error": 0.19, "overconfidence": 0.01, "training_error": 0.01}
    assert distance(traits, wanted) == pytest.approx(1 + 1 + 1)


def test_a_relative_difference_has_the_interval_of_both() -> None:
    rng = np.random.default_rng(0)
    images, plane = rng.normal(0.04, 0.002, 10_000), rng.normal(0.09, 0.004, 10_000)
    found = relative_difference(plane, images)
    assert found.value == pytest.approx(1.0, abs=0.01)
    # The same by drawing the two means again and again.
    means = rng.normal(0.09, 0.00004, 10_000), rng.normal(0.04, 0.00002, 10_000)
    drawn = (means[0] - means[1]) / (means[1] + 0.01)
    assert found.high - found.low == pytest.approx(2 * 1.96 * drawn.std(), rel=0.05)


def test_edges_are_where_decisions_change() -> None:
    decisions = np.array([[[0, 0, 1], [0, 0, 1]], [[0, 0, 0], [2, 2, 2]]])
    np.testing.assert_array_equal(edges(decisions), [[0.5, 1.0, 0.5], [0, 0.5, 0]])


def test_a_quick_run_answers_everything(settings: Settings, tmp_path: Path) -> None:
    found = STUDY.run(settings)
    assert set(found.figures) == {"points", "overlaps", "boundaries"}
    assert next(iter(found.figures)) == "points"
    assert len(found.answers) == len(TRAITS) + 2
    wanted = {f"{name}_{kind}" for name in TRAITS for kind in ("digits", "plane", "difference")}
    wanted |= {"overlaps_correlation", "relative_score_original", "relative_score_finetune"}
    assert set(found.numbers) == wanted
    folder = found.write(tmp_path / "plane")
    assert len(list(folder.glob("*.svg"))) == 3
    law, forget = found.files.values()
    assert Mixture.from_dict(json.loads(law)["mixture"]).n_classes == 10
    assert len(json.loads(forget)["hard"]) == 9
    assert set(found.files) == {
        points.FILE,
        points.FILE.parents[1] / "scorer" / "tasks" / "forget_sets" / "plane-0.json",
    }
