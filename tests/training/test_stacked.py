"""Stacked training against the loop, and what the bytes of a model may depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp, mannwhitneyu
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from scorer.training.loop import ModelSeeds, TrainingSet, predict, train_models
from scorer.training.models import ARCHITECTURES, build_model
from scorer.training.stacked import (
    NotStackable,
    ProductDtypes,
    StackedTraining,
    group_size,
    train_models_stacked,
)
from tests.training._common import (
    digits,
    largest_difference,
    noise,
    recipe,
    seeds_of,
    state_bytes,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("architecture", "shape"),
    [
        ("small_cnn", (1, 8, 8)),
        ("small_cnn", (3, 16, 16)),
        ("small_resnet", (1, 28, 28)),
        ("fast_resnet", (3, 16, 16)),
        pytest.param("resnet18", (3, 32, 32), marks=pytest.mark.slow),
    ],
)
def test_one_step_equals_the_loop_s(architecture: str, shape: tuple[int, ...]) -> None:
    data = noise(4, *shape)
    settings = recipe(architecture=architecture, batch_size=4)
    assert settings.n_steps(len(data)) == 1
    seeds = seeds_of(0, 1)
    for net, expected in zip(
        train_models_stacked(data, settings, seeds),
        train_models(data, settings, seeds),
        strict=True,
    ):
        assert list(net.state_dict()) == list(expected.state_dict())
        assert largest_difference(net, expected) < 1e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"momentum": 0.0},
        {"optimizer": "adam", "learning_rate": 1e-3},
        {"augmentation": "shift2_flip"},
        {"class_weights": "inverse_count", "schedule": "cosine"},
        {"batch_size": 64},
    ],
    ids=str,
)
def test_many_steps_equal_the_loop_s(changes: dict[str, object]) -> None:
    data = noise(50, 1, 8, 8)
    # Small steps, so that rounding in other kernels does not grow to a difference.
    settings = recipe(**{"epochs": 3, "learning_rate": 0.02, **changes})
    seeds = seeds_of(4, 5, 6)
    for net, expected, model_seeds in zip(
        train_models_stacked(data, settings, seeds),
        train_models(data, settings, seeds),
        seeds,
        strict=True,
    ):
        assert not net.training
        assert net.get_parameter("fc.weight").is_leaf
        assert largest_difference(net, expected) < 1e-3
        initial = build_model("small_cnn", 1, 10, model_seeds.init)
        assert largest_difference(initial, expected) > 0.01, "the test has no power"


def test_refuses_a_dtype_that_autocast_does_not_bring_about() -> None:
    # On CPUs autocast knows conv2d, and what vmap makes of it is another operation.
    with pytest.raises(NotStackable, match=r"bfloat16 on this cpu.*mapped kernels convolution"):
        train_models_stacked(noise(16, 1, 8, 8), recipe(dtype="bfloat16"), seeds_of(0, 1))


def test_a_network_without_convolutions_on_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        ARCHITECTURES,
        "mlp",
        lambda n_in, n_out: nn.Sequential(nn.Linear(n_in, 8), nn.Tanh(), nn.Linear(8, n_out)),
    )
    data = noise(20, 2, n_classes=2)
    settings = recipe(architecture="mlp", epochs=4)
    seeds = seeds_of(0, 1, 2)
    for net, expected in zip(
        train_models_stacked(data, settings, seeds),
        train_models(data, settings, seeds),
        strict=True,
    ):
        assert largest_difference(net, expected) < 1e-4


@pytest.mark.parametrize(
    ("architecture", "shape", "changes"),
    [
        ("small_cnn", (1, 8, 8), {}),
        ("small_cnn", (1, 8, 8), {"optimizer": "adam", "augmentation": "shift2"}),
        ("small_resnet", (1, 28, 28), {"class_weights": "inverse_count"}),
    ],
    ids=str,
)
def test_bytes_depend_on_the_seeds_alone(
    architecture: str, shape: tuple[int, ...], changes: dict[str, object]
) -> None:
    data = noise(48, *shape)
    settings = recipe(architecture=architecture, batch_size=8, **changes)
    (alone,) = train_models_stacked(data, settings, seeds_of(7))
    expected = state_bytes(alone)
    for indices in ((7, 1), (2, 7), (3, 4, 7), (7, 4, 3), (1, 2, 3, 4, 5, 7, 8, 9)):
        nets = train_models_stacked(data, settings, seeds_of(*indices))
        assert len(nets) == len(indices)
        assert state_bytes(nets[indices.index(7)]) == expected, f"group {indices}"
    n_threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.manual_seed(99)
        _, with_two_threads = train_models_stacked(data, settings, seeds_of(1, 7))
        assert torch.get_num_threads() == 2, "the caller's setting was not put back"
    finally:
        torch.set_num_threads(n_threads)
    assert state_bytes(with_two_threads) == expected


def test_groups_leave_no_channel_to_scalar_code() -> None:
    narrow = build_model("small_resnet", 1, 10, 0)
    sizes = [group_size(narrow, k, CPU) for k in (1, 2, 4, 5, 8, 9)]
    assert sizes == [2, 2, 4, 6, 8, 10]
    assert group_size(build_model("small_cnn", 1, 10, 0), 5, CPU) == 5
    assert group_size(narrow, 1, torch.device("cuda")) == 2
    assert group_size(narrow, 3, torch.device("cuda")) == 3
    assert group_size(nn.Linear(2, 2), 1, CPU) == 2
    assert group_size(nn.Linear(2, 2), 3, CPU) == 3


def test_refuses_an_empty_group() -> None:
    with pytest.raises(ValueError, match="`seeds` must name at least one model"):
        train_models_stacked(noise(60, 1, 8, 8), recipe(), [])


class Branching(nn.Module):
    """A network whose path depends on the values it sees."""

    def __init__(self, n_channels: int, n_classes: int) -> None:
        super().__init__()
        self.fc = nn.Linear(n_channels * 64, n_classes)

    def forward(self, images: Tensor) -> Tensor:
        logits = self.fc(images.flatten(1))
        return logits if logits.sum() > 0 else -logits


class Dropping(Branching):
    """A network that draws random numbers."""

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(F.dropout(images.flatten(1), 0.5, self.training))


@pytest.mark.parametrize(
    ("network", "reason"), [(Branching, "data-dependent"), (Dropping, "random")]
)
def test_says_why_a_network_cannot_be_stacked(
    network: Callable[[int, int], nn.Module], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "odd", network)
    with pytest.raises(NotStackable, match=rf"`odd` cannot be trained stacked.*{reason}"):
        train_models_stacked(noise(20, 1, 8, 8), recipe(architecture="odd"), seeds_of(0, 1))


class Greedy(Branching):
    """A network for which there is no memory, as the allocator of a CPU says it."""

    def forward(self, images: Tensor) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 TB")


def test_a_lack_of_memory_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "odd", Greedy)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        train_models_stacked(noise(20, 1, 8, 8), recipe(architecture="odd"), seeds_of(0, 1))


def test_the_check_leaves_running_statistics_alone() -> None:
    training = StackedTraining(noise(20, 1, 8, 8), recipe(), seeds_of(0))
    (net,) = training.models()
    assert state_bytes(net) == state_bytes(build_model("small_cnn", 1, 10, seeds_of(0)[0].init))


def accuracy_and_confidence(
    nets: list[nn.Module], test: TrainingSet
) -> tuple[np.ndarray, np.ndarray]:
    """Return each model's accuracy and mean probability of the right label."""
    accuracies, confidences = [], []
    for net in nets:
        probabilities = predict(net, test.images).softmax(dim=1)
        right = probabilities.gather(1, test.labels[:, None])
        accuracies.append((probabilities.argmax(dim=1) == test.labels).float().mean().item())
        confidences.append(right.mean().item())
    return np.array(accuracies), np.array(confidences)


def smallest_p_value(nets: list[nn.Module], others: list[nn.Module], test: TrainingSet) -> float:
    """Return the smallest p-value of two tests on accuracies and two on confidences."""
    pairs = zip(
        accuracy_and_confidence(nets, test), accuracy_and_confidence(others, test), strict=True
    )
    return min(compare(a, b).pvalue for a, b in pairs for compare in (ks_2samp, mannwhitneyu))


@pytest.mark.parametrize(
    ("n_models", "slower_rate"), [(24, 0.05), pytest.param(64, 0.08, marks=pytest.mark.slow)]
)
def test_the_two_populations_cannot_be_told_apart(n_models: int, slower_rate: float) -> None:
    train, test = digits(320)
    settings = recipe(epochs=3, batch_size=32)

    def seeds(first: int) -> list[ModelSeeds]:
        return [ModelSeeds.of("population", "oracle", first + i) for i in range(n_models)]

    looped = list(train_models(train, settings, seeds(0)))
    stacked = train_models_stacked(train, settings, seeds(n_models))
    # Four tests at 1 % together; seeded, so it passes always or never.
    assert smallest_p_value(looped, stacked, test) > 0.01 / 4
    slower = replace(settings, learning_rate=slower_rate)
    others = train_models_stacked(train, slower, seeds(n_models))
    assert smallest_p_value(looped, others, test) < 0.01 / 4, "the test has no power"


def test_a_product_in_bfloat16_is_seen_behind_a_bias_in_float32() -> None:
    nets = [nn.Linear(4, 3) for _ in range(2)]
    parameters, _ = stack_module_state(nets)

    def forward(own: dict[str, Tensor], images: Tensor) -> Tensor:
        return functional_call(nets[0], (own,), (images,))

    images = torch.zeros(5, 2, 4)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16), ProductDtypes() as seen:
        output = vmap(forward, in_dims=(0, 1))(parameters, images)
    assert output.dtype == torch.float32
    assert seen.found == {("bmm", torch.bfloat16)}


@pytest.mark.gpu
def test_bfloat16_on_a_gpu_stays_near_float32() -> None:
    data = noise(64, 3, 16, 16)
    on_gpu = TrainingSet(data.images.cuda(), data.labels.cuda(), 10)
    settings = recipe(architecture="fast_resnet", learning_rate=0.01)
    seeds = seeds_of(0, 1)
    rounded = train_models_stacked(on_gpu, replace(settings, dtype="bfloat16"), seeds)
    for net, expected in zip(rounded, train_models(on_gpu, settings, seeds), strict=True):
        assert 1e-5 < largest_difference(net, expected) < 0.3


@pytest.mark.gpu
@pytest.mark.parametrize("architecture", ["small_cnn", "small_resnet"])
def test_stacked_on_a_gpu_equals_the_loop_on_a_cpu(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else cuDNN rounds the factors of float32 convolutions to ten bits.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    shape = (1, 8, 8) if architecture == "small_cnn" else (1, 28, 28)
    data = noise(96, *shape)
    on_gpu = TrainingSet(data.images.cuda(), data.labels.cuda(), 10)
    settings = recipe(architecture=architecture, learning_rate=0.01, augmentation="shift2_flip")
    seeds = seeds_of(0, 1, 2)
    for net, expected in zip(
        train_models_stacked(on_gpu, settings, seeds),
        train_models(data, settings, seeds),
        strict=True,
    ):
        assert next(net.parameters()).is_cuda
        assert largest_difference(net, expected) < 0.02
