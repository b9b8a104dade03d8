"""Study `manifold`: views that name no unit, attacks of known strength, and a quick run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from baselines.common import Examples
from scorer.metric.confidence import logit_scaled_confidence
from scorer.studies import Settings
from scorer.studies._attacks import attack
from scorer.studies._views import VIEWS, moved, views
from scorer.studies.manifold import CEILING, STUDY
from scorer.training.models import build_model


@pytest.fixture
def examples() -> Examples:
    generator = torch.Generator().manual_seed(0)
    return Examples(torch.randn(30, 1, 8, 8, generator=generator), torch.arange(30) % 10)


def test_views_have_their_meaning(examples: Examples) -> None:
    net = build_model("small_cnn", 1, 10, seed=0).eval()
    found = views(net, examples, examples, 10)
    widths = {"loss": 1, "probabilities": 10, "logits": 10, "features": 11, "gradient": 10,
              "augmented": 40}  # fmt: skip
    assert {name: array.shape for name, array in found.items()} == {
        name: (30, width) for name, width in widths.items()
    }
    with torch.no_grad():
        logits = net(examples.images)
    confidence = logit_scaled_confidence(logits.numpy(), examples.labels.numpy())
    np.testing.assert_allclose(found["loss"][:, 0], confidence, atol=1e-4)
    np.testing.assert_allclose(found["logits"].sum(axis=1), 0, atol=1e-4)
    # The gradient of the classifier's weights is the outer product of errors and what it reads.
    net.zero_grad()
    torch.nn.functional.cross_entropy(net(examples.images[:1]), examples.labels[:1]).backward()
    length = net.fc.weight.grad.norm(dim=1)
    np.testing.assert_allclose(np.abs(found["gradient"][0]), length.numpy(), rtol=1e-3, atol=1e-5)


def test_no_view_depends_on_the_order_of_hidden_units(examples: Examples) -> None:
    net = build_model("mlp_1x16", 64, 10, seed=0).eval()
    before = views(net, examples, examples, 10)
    order = torch.randperm(16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        net.layers[0].weight.copy_(net.layers[0].weight[order])
        net.layers[0].bias.copy_(net.layers[0].bias[order])
        net.fc.weight.copy_(net.fc.weight[:, order])
    after = views(net, examples, examples, 10)
    for name in VIEWS:
        np.testing.assert_allclose(before[name], after[name], atol=1e-4)


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (-1, 0), (0, -1)])
def test_images_are_moved_and_the_border_repeated(shift: tuple[int, int]) -> None:
    image = torch.arange(12.0).view(1, 1, 3, 4)
    found = moved(image, shift)[0, 0]
    for row in range(3):
        for column in range(4):
            source = min(max(row - shift[0], 0), 2), min(max(column - shift[1], 0), 3)
            assert found[row, column] == image[0, 0][source]


def banks(n_models: int, width: int, shift: float) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    found = [rng.normal(size=(n_models, 25, width)) for _ in range(2)]
    found[0][..., 0] += shift
    return found


@pytest.mark.parametrize("width", [1, 6])
def test_equal_laws_are_a_coin_toss(width: int) -> None:
    found = attack(*banks(40, width, 0.0), n_permutations=39)
    assert abs(found.aucs.mean() - 0.5) < 0.06
    assert found.set_level.p_value > 0.05
    assert (found.epsilons_lb > 0).mean() <= 0.1


@pytest.mark.parametrize("width", [1, 6])
def test_a_shift_is_found_and_certified(width: int) -> None:
    found = attack(*banks(40, width, 2.5), n_permutations=39)
    # The best AUC for normal laws 2.5 apart is 0.96.
    assert 0.88 < found.aucs.mean() < 0.975
    assert found.set_level.p_value <= 0.05
    assert found.epsilons_lb.mean() > 0.3


def test_what_only_several_numbers_tell_is_found_by_them_alone() -> None:
    first, second = banks(60, 2, 0.0)
    # Each number has the same law on both sides; their difference has not.
    shared = np.random.default_rng(1).normal(size=(2, 60, 25))
    first, second = (np.stack([s + 0.1 * b[..., 0] + d, s - d], axis=-1) for s, b, d in
                     ((shared[0], first, 0.1), (shared[1], second, -0.1)))  # fmt: skip
    alone = attack(first[..., :1], second[..., :1], n_permutations=9).aucs.mean()
    both = attack(first, second, n_permutations=9).aucs.mean()
    assert both > 0.9 > 0.7 > alone


def test_a_quick_run_answers_everything(settings: Settings, tmp_path: Path) -> None:
    found = STUDY.run(settings)
    assert set(found.figures) == {"attacks", "variance"}
    assert {f"auc_{CEILING}_loss", "set_level_auc_finetune_features", "variance_with_loss_test",
            "share_pass_loss_only"} <= set(found.numbers)  # fmt: skip
    assert found.numbers["auc_finetune_features"].value > found.numbers["auc_retraining_loss"].value
    assert len(list(found.write(tmp_path / "manifold").iterdir())) == 6
