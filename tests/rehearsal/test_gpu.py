"""The rehearsal itself: it finds mixes of devices, and is not there any more when it is over."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines import common, finetune
from scorer.runner.reference import retrain
from scorer.training.augment import Augmentation
from scorer.training.loop import LoopTraining
from tests.baselines._network import loader, pattern_examples, trained_net
from tests.rehearsal._gpu import DEVICE, DeviceMix, OnGpu, rehearsal
from tests.training._common import noise, recipe


def there(*shape: int) -> Tensor:
    """Return ones on the GPU."""
    return torch.ones(shape, device=DEVICE)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda: there(3) + torch.ones(3),
        lambda: torch.ones(3) + there(),
        lambda: torch.cat([there(3), torch.ones(3)]),
        lambda: there(3).add_(torch.ones(3)),
        lambda: torch.where(there(3) > 0, there(3), torch.ones(3)),
        lambda: torch.ones(3)[there(3).long()],
        lambda: F.cross_entropy(there(4, 3), torch.zeros(4, dtype=torch.int64)),
        lambda: F.cross_entropy(there(4, 3), there(4).long(), weight=torch.ones(3)),
        lambda: nn.Linear(3, 3)(there(2, 3)),
        lambda: nn.Linear(3, 3).to(DEVICE)(torch.ones(2, 3)),
        lambda: torch.rand(3, device=DEVICE, generator=torch.Generator()),
        lambda: torch.ones(3, device="cuda"),
        lambda: torch.ones(3).to("cuda:0"),
    ],
)
def test_a_mix_of_devices_is_an_error(mixed: Callable[[], Any]) -> None:
    with rehearsal(), pytest.raises(DeviceMix):
        mixed()


def test_numpy_reads_nothing_of_a_gpu() -> None:
    with rehearsal():
        for convert in (np.asarray, Tensor.numpy, lambda values: values.numpy()):
            with pytest.raises((TypeError, RuntimeError)):
                convert(there(3))
        assert there(3).cpu().numpy().tolist() == [1, 1, 1]


def test_what_a_gpu_takes_of_the_host_is_no_mix() -> None:
    with rehearsal():
        values = there(3) * torch.tensor(2.0)
        values[torch.tensor([0])] = 5
        values[2] = torch.ones(3).sum()
        assert values.device == DEVICE
        assert values.tolist() == [5, 2, 3]
        assert values[values > 2].device == DEVICE
        assert float(values.sum()) == 10


def test_networks_move_and_are_copied() -> None:
    with rehearsal():
        net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        weight = net[0].weight
        assert net.to(DEVICE).to(memory_format=torch.channels_last)[0].weight is weight
        twin = copy.deepcopy(net)
        assert {value.device for value in twin.state_dict().values()} == {DEVICE}
        with torch.no_grad():
            twin[0].weight.zero_()
        assert bool(weight.any())
        assert isinstance(twin[0].weight, nn.Parameter)
        twin.to("cpu").load_state_dict(net.state_dict())
        assert torch.equal(twin[0].weight, weight.cpu())


def test_a_loss_with_weights_on_the_host_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Planted(LoopTraining):
        def steps(self) -> Any:
            self._class_weight = torch.ones(10)
            return super().steps()

    monkeypatch.setattr("scorer.training.loop.LoopTraining", Planted)
    with rehearsal(), pytest.raises(DeviceMix, match="nll_loss"):
        data = noise(20, 1, 8, 8)
        retrain(data.images, data.labels, recipe(batch_size=10), 10, DEVICE)


def test_an_augmentation_drawn_on_the_host_is_found() -> None:
    augmentation = Augmentation(max_shift=2, flip=True)
    drawn = augmentation.draw(4, torch.Generator())
    with rehearsal():
        assert augmentation.apply(there(4, 3, 8, 8), drawn.to(DEVICE)).device == DEVICE
        with pytest.raises(DeviceMix):
            augmentation.apply(there(4, 3, 8, 8), drawn)


def test_a_method_that_leaves_data_on_the_host_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    read = common.read
    monkeypatch.setattr(
        finetune, "read", lambda data, _, **more: read(data, torch.device("cpu"), **more)
    )
    data = loader(pattern_examples(20, seed=1))
    with rehearsal(), torch.random.fork_rng(devices=[]), pytest.raises(DeviceMix):
        finetune.unlearning(trained_net().to(DEVICE), data, data, data)


def test_afterwards_all_is_as_before() -> None:
    was_initialized = torch.cuda.is_initialized()
    with rehearsal():
        kept = there(3)
    assert torch.cuda.is_initialized() == was_initialized
    with pytest.raises(DeviceMix, match="over"):
        kept + 1
    weight = torch.ones(3, requires_grad=True)
    (weight * 2).sum().backward()
    assert type(weight.grad) is Tensor
    assert not isinstance(torch.tensor([1.0]), OnGpu)
    net = nn.Linear(2, 2)
    parameter = net.weight
    assert net.double().weight is parameter
