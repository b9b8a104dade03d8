"""The bound of study `entry`: known answers of predictions, of changed runs and of neighbours."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from baselines.common import Examples
from scorer.oracles.outputs import Bank
from scorer.studies import _entry_bound as reach
from scorer.studies import _entry_bound_models as models
from scorer.studies import _entry_bound_scores as changes
from scorer.studies._entry_bound import Known
from scorer.studies.scores import score_banks

SIZES = {"retain": 60, "forget": 25, "val": 40}
N_ROUNDS, N_SLICES = 2, 3
N_MODELS = 24


def known_of(cheap: dict[str, np.ndarray], margins: dict[str, np.ndarray]) -> Known:
    """Return what is known where all networks of a short training answer alike."""
    rng = np.random.default_rng(1)
    labels = {name: np.arange(size) % 2 for name, size in SIZES.items()}
    shape = N_ROUNDS, N_SLICES, 1
    looked_at = {f"without_{name}": np.tile(each, shape) for name, each in cheap.items()}
    for name, size in SIZES.items():
        looked_at[f"pixels_{name}"] = rng.normal(size=(size, 3))
        looked_at[f"features_{name}"] = rng.normal(size=(size, 5))
    looked_at["slices"] = models.draw_slices(SIZES["retain"], N_SLICES, N_ROUNDS)
    looked_at["shares"] = np.array([0.03, 0.1])
    runs = {name: np.tile(each, (2, 1)) for name, each in cheap.items()}
    own = {name: each[np.newaxis] for name, each in margins.items()}
    return Known(own, labels, runs, looked_at, 0.1)


def law(seed: int = 0) -> tuple[Known, np.ndarray]:
    """Return what is known, and the truth: 1 + 2 x that of a short training.

    The original is surer than that by 3 of what it saw, so its own margin tells all.
    """
    rng = np.random.default_rng(seed)
    cheap = {name: rng.normal(size=size) * 2.0 for name, size in SIZES.items()}
    margins = {name: 1.0 + 2.0 * each + 3.0 * (name != "val") for name, each in cheap.items()}
    return known_of(cheap, margins), 1.0 + 2.0 * cheap["forget"]


def test_a_short_training_is_brought_to_a_whole_one_by_val() -> None:
    known, truth = law()
    found = reach.predictions(known)
    for name in ("runs, line by val", "runs and neighbours by val"):
        np.testing.assert_allclose(found[name].values, truth, atol=0.1, err_msg=name)
    # What is taken as it is has its own error.
    assert np.abs(found["own margin"].values - truth).min() > 2.9
    assert np.abs(found[reach.ENTRY_MEANS].values - truth).max() > 1.0


def test_slices_tell_of_the_own_margin_what_it_was_without() -> None:
    known, _ = law()
    found, without = reach.predictions(known), known.runs["forget"][0]
    for name in ("own margin by slices", "own margin and networks by slices"):
        np.testing.assert_allclose(found[name].values, without, atol=0.1, err_msg=name)


def test_costs_are_those_of_all_networks_that_a_prediction_takes() -> None:
    known, _ = law()
    shares = {name: one.share for name, one in reach.predictions(known).items()}
    assert shares["class"] == pytest.approx(0.03)
    assert shares["one run"] == pytest.approx(0.1)
    assert shares["runs and neighbours by val"] == pytest.approx(0.23)
    assert shares["all networks, own margin"] == pytest.approx(0.03 + 6 * 0.1 + 0.2)


def test_a_perfect_prediction_has_no_error_and_a_number_for_all_explains_nothing() -> None:
    rng = np.random.default_rng(0)
    means, spread = rng.normal(size=50), rng.uniform(0.5, 2.0, size=50)
    centre = np.average(means, weights=spread**-2)
    variation = ((means - centre) / spread) ** 2
    perfect = reach.error_of(np.stack([means, means]), means, spread, variation)
    assert perfect.rms.value == 0.0
    assert perfect.explained.value == 1.0
    same = reach.error_of(np.full((2, 50), centre), means, spread, variation)
    assert same.explained.value == pytest.approx(0.0, abs=1e-12)
    # One original too high by a spread and one too low: each is off, their mean is not.
    apart = reach.error_of(np.stack([means + spread, means - spread]), means, spread, variation)
    assert apart.rms.value == pytest.approx(1.0)
    assert apart.squared_of_mean.max() < 1e-24


def test_folds_do_not_see_what_they_predict() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 2))
    targets = 3.0 + inputs @ [1.0, -2.0]
    np.testing.assert_allclose(reach.cross_fitted(inputs, targets), targets, atol=0.05)
    alone = np.zeros(10)
    alone[4] = 9.0
    nothing = reach.cross_fitted(np.empty((10, 0)), alone)
    assert nothing[4] == pytest.approx(0.0)
    assert nothing[0] == pytest.approx(1.0)


def test_runs_get_the_means_and_spreads_that_are_asked_for() -> None:
    runs = np.random.default_rng(0).normal(size=(30, 4))
    means, factors = np.arange(4.0), np.array([0.5, 1.0, 2.0, 3.0])
    both = changes.moved(runs, means, factors)
    np.testing.assert_allclose(both.mean(axis=0), means, atol=1e-9)
    np.testing.assert_allclose(both.std(axis=0), runs.std(axis=0) * factors)
    np.testing.assert_allclose(changes.moved(runs, means, None).std(axis=0), runs.std(axis=0))
    np.testing.assert_allclose(changes.moved(runs, None, factors).mean(axis=0), runs.mean(axis=0))
    np.testing.assert_allclose(changes.moved(runs, None, None), runs, atol=1e-12)


def bank(confidences: np.ndarray, of_val: np.ndarray) -> Bank:
    right = np.ones((len(confidences), 10), dtype=bool)
    return Bank(
        {
            "confidence_forget": confidences,
            "confidence_val": np.tile(of_val, (len(confidences), 1)),
            "correct_retain": right,
            "correct_test": right,
        }
    )


def test_matched_runs_score_as_retrained_models_do() -> None:
    known, truth = law()
    rng = np.random.default_rng(3)
    oracle, control, runs = truth + rng.normal(size=(3, N_MODELS, SIZES["forget"]))
    far = truth + 2.0 * (runs - truth) + 3.0 * np.where(np.arange(SIZES["forget"]) % 2, 1, -1)
    of_val = known.margins["val"][0] - 0.25
    banks = {
        name: bank(each, of_val)
        for name, each in (("oracle", oracle), ("control", control), ("unlearned", far))
    }
    originals = [0] * N_MODELS
    found = reach.bound([known], banks, originals, score_banks(banks, originals))
    scores = {name: one.relative_score.value for name, one in found.changed.scores.items()}
    assert scores["as it is"] < 0.3
    assert scores["as it is"] < scores["means matched"] < scores["means and spread matched"]
    assert scores["means and spread matched"] == pytest.approx(1.0, abs=0.25)
    # Here what is known is nearly the truth, and all runs are too wide by the same factor.
    assert found.best in ("runs, line by val", "runs and neighbours by val")
    assert found.predictors[found.best].known.explained.value > 0.95
    assert scores["means predicted, one factor"] == pytest.approx(1.0, abs=0.25)
    gain = found.changed.gains["both"]
    assert gain.low > 0
    assert gain.value == pytest.approx(scores["means and spread matched"] - scores["as it is"])
    assert len(found.surer) == 4
    np.testing.assert_allclose(found.surer, 0.25, atol=1e-9)


def test_neighbours_are_those_of_the_own_and_of_other_labels() -> None:
    kept = torch.tensor([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    labels = torch.tensor([0, 0, 0, 1, 1, 1])
    asked = models.neighbours(torch.tensor([[0.0]]), labels[:1], kept, labels, is_same=False)
    wanted = [math.log(1.0), math.log(11.0), 0.5]
    torch.testing.assert_close(asked[0], torch.tensor(wanted))
    # None is its own: what is missing of three others counts as the largest distance.
    own = models.neighbours(kept, labels, kept, labels, is_same=True)
    assert own[0, 0] == pytest.approx(math.log((1 + 2 + 12) / 3))


def test_the_place_is_the_cosine_to_its_class_less_the_nearest_other() -> None:
    found = models.place(torch.tensor([[0.9, 0.2, 0.4, 7.0]]), torch.tensor([2]))
    torch.testing.assert_close(found, torch.tensor([[-0.5, 7.0]]))


def test_every_example_is_left_out_once_a_round() -> None:
    slices = models.draw_slices(10, 3, 2)
    assert [np.bincount(one).tolist() for one in slices] == [[4, 3, 3]] * 2
    assert not np.array_equal(*slices)
    confidences = np.arange(2 * 3 * 10).reshape(2, 3, 10).astype(float)
    wanted = [[confidences[r, slices[r, i], i] for i in range(10)] for r in range(2)]
    np.testing.assert_array_equal(reach.without_slice(confidences, slices), wanted)


class Mean(nn.Module):
    """Logits 0 and its one number."""

    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.zeros(len(images)), self.level.expand(len(images))], dim=1)


def test_networks_without_a_slice_did_not_see_it() -> None:
    def level_of_retain(
        net: nn.Module, retain: DataLoader, forget: DataLoader, val: DataLoader
    ) -> nn.Module:
        del forget, val
        net.level.data = retain.dataset[:][0].sum() + len(retain.dataset)
        return net

    generator = torch.Generator().manual_seed(0)
    sets = {
        name: Examples(torch.rand(size, 1, 1, 1, generator=generator), torch.ones(size).long())
        for name, size in SIZES.items()
    }
    slices = models.draw_slices(SIZES["retain"], N_SLICES, N_ROUNDS)
    made = models.without_slices(level_of_retain, Mean(), sets, slices, "test")
    images = sets["retain"].images.flatten().double().numpy()
    for turn in range(N_ROUNDS):
        for number in range(N_SLICES):
            seen = images[slices[turn] != number]
            levels = made["without_forget"][turn, number]
            np.testing.assert_allclose(levels, seen.sum() + len(seen), rtol=1e-4)
    assert made["without_retain"].shape == (N_ROUNDS, N_SLICES, SIZES["retain"])
