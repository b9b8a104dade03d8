"""What the last layer reads: named by no hidden unit, kept only where it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from scorer.errors import ScorerError
from scorer.features import FEATURES, ForwardPass, kept_features
from scorer.features.base import versions
from scorer.features.penultimate import activations, penultimate
from scorer.oracles.outputs import EvaluationData, evaluate
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.secret import PUBLIC_SECRET
from scorer.training.models import build_model
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

PLAIN = {name for name, feature in FEATURES.items() if not feature.is_extra}


def seen_of(net: nn.Module, n_examples: int = 12) -> ForwardPass:
    """Return what a feature is told of images of 8x8, of which no class 9 is in retain."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(n_examples, 1, 8, 8, generator=generator)
    retain = torch.randn(30, 1, 8, 8, generator=generator), np.arange(30) % 9
    with torch.no_grad():
        logits = net(images).numpy()
    recipe = tiny_definition().recipe
    return ForwardPass(net, images, np.arange(n_examples) % 10, logits, retain, recipe)


def test_it_is_cosines_to_class_means_and_a_length() -> None:
    net = build_model("small_cnn", 1, 10, seed=0).eval()
    seen = seen_of(net)
    found = penultimate(seen)
    assert found.shape == (12, 11) and found.dtype == np.float32
    read = activations(net, seen.images).numpy()
    np.testing.assert_allclose(
        read @ net.fc.weight.detach().numpy().T + net.fc.bias.detach().numpy(),
        seen.logits,
        atol=1e-5,
    )
    images, labels = seen.retain
    mean = activations(net, images).numpy()[labels == 3].mean(axis=0)
    lengths = np.linalg.norm(read, axis=1)
    cosines = read @ mean / (lengths * np.linalg.norm(mean))
    np.testing.assert_allclose(found[:, 3], cosines, rtol=1e-4)
    np.testing.assert_allclose(found[:, 10], lengths, rtol=1e-5)
    np.testing.assert_array_equal(found[:, 9], 0.0)


def test_it_does_not_depend_on_the_order_of_hidden_units() -> None:
    net = build_model("mlp_1x16", 64, 10, seed=0).eval()
    before = penultimate(seen_of(net))
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        net.layers[0].weight.copy_(net.layers[0].weight[order])
        net.layers[0].bias.copy_(net.layers[0].bias[order])
        net.fc.weight.copy_(net.fc.weight[:, order])
    np.testing.assert_allclose(penultimate(seen_of(net)), before, atol=1e-5)


class Scaled(nn.Module):
    """A network whose last module is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.squash = nn.Linear(64, 10), nn.Tanh()

    def forward(self, images: Tensor) -> Tensor:
        return self.squash(self.fc(images.flatten(1)))


def test_a_network_that_ends_otherwise_is_refused() -> None:
    with pytest.raises(ScorerError, match=r"must end in an nn\.Linear for .* got Tanh as the last"):
        penultimate(seen_of(Scaled().eval()))


def test_it_is_an_extra() -> None:
    assert {one.name for one in kept_features()} == PLAIN
    assert "penultimate" not in PLAIN
    assert {one.name for one in kept_features(["penultimate"])} == PLAIN | {"penultimate"}


def test_a_pool_without_it_is_whole_until_it_is_asked_for(
    tiny_pool: Pool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    where = tiny_pool.task, tiny_pool.path, "cpu", tmp_path / "cache", PUBLIC_SECRET
    plain = Pool(*where)
    wanted, engine = {"original": 1, "oracle": 2}, InlineEngine(1)
    before = plain.banks(wanted, engine)
    assert all("penultimate_forget" not in bank.arrays for bank in before.values())
    assert plain.store("oracle").manifest(0)["features"] == versions(kept_features())
    asked = Pool(*where, extra=("penultimate",))
    assert Pool.from_spec(asked.to_spec()).extra == asked.extra
    assert plain.needs(wanted) == []
    assert [need.n_entries for need in asked.needs(wanted)] == [1, 2]
    after = asked.banks(wanted, engine)
    assert "1 models of role original lack a feature: 1 are evaluated again, 0 trained" in (
        caplog.text
    )
    assert "2 models of role oracle lack a feature: 0 are evaluated again, 2 trained" in caplog.text
    n_forget = len(plain.task.indices("forget"))
    assert after["oracle"].output("penultimate").shape == (2, n_forget, 11)
    for role, bank in before.items():
        for name, array in bank.arrays.items():
            np.testing.assert_array_equal(after[role].arrays[name], array)
    # And what holds more than is asked for is good as it is.
    assert plain.ensure(wanted, engine) == asked.ensure(wanted, engine) == 0
    # A third oracle without it: the bank of a plain score holds what all have.
    plain.ensure({"oracle": 3}, engine)
    assert plain.bank("oracle", 3).arrays.keys() == before["oracle"].arrays.keys()
    assert asked.store("oracle").missing(3) == [2]


def test_it_is_evaluated_where_it_is_asked_for(tiny_pool: Pool) -> None:
    device = torch.device("cpu")
    net, data = network(tiny_pool.task, device), EvaluationData.of(tiny_pool.task, device)
    plain, asked = evaluate(net, data), evaluate(net, data, ["penultimate"])
    assert asked.keys() - plain.keys() == {"penultimate_forget"}
