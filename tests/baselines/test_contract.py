"""Every method, whichever files there are: what it promises, returns, leaves alone and refuses."""

from __future__ import annotations

import ast
import copy
import functools
import importlib
import inspect
import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler, TensorDataset

from baselines.common import Examples, device_of, n_classes_of
from scorer.kinds import list_methods
from scorer.runner.child.contract import gone_loader
from scorer.tuning.constants import constants_of
from tests.baselines._network import loader, pattern_examples, trained_net

FOLDER = Path(__file__).resolve().parents[2] / "baselines"
SHARED = {"baselines.common", *(f"baselines.{p.stem}" for p in FOLDER.glob("_[!_]*.py"))}
METHODS = sorted(p.stem for p in FOLDER.glob("[!_]*.py") if p.stem != "common")
SETS = {"retain": 50, "forget": 70, "val": 20}  # forget makes more than one batch
LABELS = ("Short", "Source", "Year", "Data", "Cost", "Memory", "Randomness", "Tuned")
OPTIONAL_LABELS = ("Differs",)

each_method = pytest.mark.parametrize("name", METHODS)


def described(name: str) -> dict[str, str]:
    """Return what follows each label in a method's docstring."""
    docstring = inspect.getdoc(importlib.import_module(f"baselines.{name}")) or ""
    summary, _, rest = docstring.partition("\n\n")
    assert summary.endswith("."), summary
    found = re.findall(r"^([A-Z][a-z]+): (.*(?:\n    .*)*)", rest, re.MULTILINE)
    return {label: re.sub(r"\s+", " ", text) for label, text in found}


def data_of(name: str) -> list[str]:
    """Return the sets that a method says it reads."""
    return described(name)["Data"].split(", ")


def make_sets(wrap: Callable[[Examples], Any] = loader, **sizes: int) -> dict[str, Any]:
    """Return new loaders of the three sets, or what `wrap` makes of their examples.

    Args:
        wrap: see above.
        sizes: in place of those of `SETS`, by name.
    """
    return {
        name: wrap(pattern_examples(size, seed))
        for seed, (name, size) in enumerate({**SETS, **sizes}.items(), start=1)
    }


def call(name: str, net: nn.Module, sets: Mapping[str, Any], seed: int = 0) -> nn.Module:
    """Return what a method makes of `net` with torch's generator at `seed`, restored after."""
    module = importlib.import_module(f"baselines.{name}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return module.unlearning(net, sets["retain"], sets["forget"], sets["val"])


@functools.cache
def plain_run(name: str) -> tuple[nn.Module, nn.Module, dict[str, Any]]:
    """Return, once for each method: the net given, the one returned, and the loaders used."""
    net, sets = trained_net(), make_sets()
    return net, call(name, net, sets), sets


def same_weights(first: nn.Module, second: nn.Module) -> bool:
    """Return whether two networks agree bit by bit."""
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def is_finite(net: nn.Module) -> bool:
    """Return whether weights, statistics and outputs are finite."""
    images = pattern_examples(8, seed=4).images.to(device_of(net))
    with torch.no_grad():
        values = [*net.state_dict().values(), net(images)]
    return all(bool(value.isfinite().all()) for value in values)


def test_there_are_methods() -> None:
    assert len(METHODS) >= 20
    assert "finetune" in METHODS


@each_method
def test_docstring_has_every_label_once_and_in_order(name: str) -> None:
    labels = list(described(name))
    assert [label for label in labels if label in LABELS] == list(LABELS)
    assert set(labels) <= {*LABELS, *OPTIONAL_LABELS}
    assert described(name)["Year"].isdigit()
    assert data_of(name) == [s for s in SETS if s in data_of(name)]


@each_method
def test_what_is_read_for_a_family_is_what_it_says_is_tuned(name: str) -> None:
    constants = constants_of((FOLDER / f"{name}.py").read_text())
    read = {name for name, constant in constants.items() if constant.is_tuned}
    said, _, _ = described(name)["Tuned"].partition(" by `tune`")
    assert set(re.findall(r"[A-Z_]{2,}", said)) == read
    assert ("nothing" in said) == (not read)


def test_short_names_are_unique() -> None:
    names = [described(name)["Short"] for name in METHODS]
    assert len(set(names)) == len(names)


@each_method
def test_signature_is_the_contract(name: str) -> None:
    module = importlib.import_module(f"baselines.{name}")
    assert list(inspect.signature(module.unlearning).parameters) == ["net", *SETS]


@each_method
def test_imports_nothing_but_torch_the_standard_library_and_what_is_shared(name: str) -> None:
    modules = set()
    for node in ast.walk(ast.parse((FOLDER / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    others = modules - SHARED
    assert {m.split(".")[0] for m in others} <= {"torch", *sys.stdlib_module_names}


@each_method
def test_files_stay_short(name: str) -> None:
    assert len((FOLDER / f"{name}.py").read_text().splitlines()) <= 120


@each_method
def test_returns_the_same_structure_in_eval_mode(name: str) -> None:
    _, unlearned, _ = plain_run(name)
    before, after = trained_net().state_dict(), unlearned.state_dict()
    assert [(k, v.shape, v.dtype) for k, v in before.items()] == [
        (k, v.shape, v.dtype) for k, v in after.items()
    ]
    assert not any(layer.training for layer in unlearned.modules())
    assert type(unlearned) is type(trained_net())


@each_method
def test_weights_change_and_stay_finite(name: str) -> None:
    _, unlearned, _ = plain_run(name)
    pairs = zip(unlearned.parameters(), trained_net().parameters(), strict=True)
    assert any(not torch.equal(after, before) for after, before in pairs)
    assert is_finite(unlearned)


@each_method
def test_leaves_no_hook_behind(name: str) -> None:
    _, unlearned, _ = plain_run(name)
    for layer in unlearned.modules():
        hooks = (layer._forward_hooks, layer._forward_pre_hooks, layer._backward_hooks)
        assert not any(hooks)
    assert not any(parameter._backward_hooks for parameter in unlearned.parameters())


@each_method
def test_what_was_trainable_still_is_and_what_was_not_is_not(name: str) -> None:
    net = trained_net()
    net.stem[0].bias.requires_grad_(False)  # type: ignore[index,union-attr]
    before = [parameter.requires_grad for parameter in net.parameters()]
    after = [parameter.requires_grad for parameter in call(name, net, make_sets()).parameters()]
    assert after == before


@each_method
def test_loaders_are_as_before(name: str) -> None:
    _, _, sets = plain_run(name)
    for set_name, used in sets.items():
        fresh = make_sets()[set_name]
        for old, new in zip(fresh.dataset.tensors, used.dataset.tensors, strict=True):
            assert torch.equal(old, new)
        assert isinstance(used.sampler, RandomSampler)
        assert used.batch_size == 64


@each_method
def test_torchs_seed_alone_decides(name: str) -> None:
    _, first, _ = plain_run(name)
    state = random.getstate(), np.random.get_state()
    random.seed(17)
    np.random.seed(17)
    try:
        again = call(name, trained_net(), make_sets())
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
    assert same_weights(first, again)


@each_method
def test_another_seed_gives_another_network(name: str) -> None:
    if described(name)["Randomness"].startswith("none"):
        pytest.skip("deterministic, as it says")
    _, first, _ = plain_run(name)
    differ = not same_weights(first, call(name, trained_net(), make_sets(), seed=1))
    if not differ:
        # A batch may take the whole set: then its order changes how sums are rounded, if anything.
        more = (make_sets(forget=320) for _ in range(2))
        pair = (call(name, trained_net(), sets, seed=seed) for seed, sets in enumerate(more))
        differ = not same_weights(*pair)
    assert differ


class Untouchable:
    """Fails as soon as anything is asked of it."""

    def __getattribute__(self, attribute: str) -> Any:
        raise AssertionError(f"a set was read that `Data:` does not name ({attribute})")


@each_method
def test_reads_no_set_but_those_it_names(name: str) -> None:
    _, first, _ = plain_run(name)
    sets = make_sets()
    for other in set(SETS) - set(data_of(name)):
        sets[other] = Untouchable()
    assert same_weights(first, call(name, trained_net(), sets))


class NamedExamples(Dataset):
    """Samples of the challenge's kind: an image and an age group under their names."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        images, labels = self.examples.images, self.examples.labels
        return {"image": images[index], "image_id": labels[index], "age_group": labels[index]}


@each_method
def test_named_batches_do_as_well_as_pairs(name: str) -> None:
    _, first, _ = plain_run(name)
    sets = make_sets(lambda examples: DataLoader(NamedExamples(examples), 64, shuffle=True))
    assert same_weights(first, call(name, trained_net(), sets))


@each_method
def test_an_empty_set_is_refused_by_name(name: str) -> None:
    for set_name in data_of(name):
        sets = make_sets()
        tensors = sets[set_name].dataset.tensors
        sets[set_name] = DataLoader(TensorDataset(*(t[:0] for t in tensors)), batch_size=64)
        with pytest.raises(ValueError, match=f"`{set_name}` must hold at least one example"):
            call(name, trained_net(), sets)


@each_method
def test_without_a_retain_set_it_does_what_the_list_says(name: str) -> None:
    (row,) = [row for row in list_methods() if row["path"] == f"baselines/{name}.py"]
    sets = make_sets() | {"retain": gone_loader()}
    gone: Any = sets["retain"].dataset
    if row["retain-free"] == "yes":
        _, first, _ = plain_run(name)
        assert same_weights(first, call(name, trained_net(), sets))
        assert not (gone.was_asked or gone.was_counted)
    else:
        with pytest.raises(ValueError, match="retain"):
            call(name, trained_net(), sets)
        assert gone.was_counted
        assert row["retain-free"] == "no"


def test_some_methods_do_without_a_retain_set() -> None:
    without = {row["name"] for row in list_methods() if row["retain-free"] == "yes"}
    assert {"uniform_proxy", "gradient_ascent", "jit", "boundary_expand"} <= without


def perceptron() -> nn.Module:
    """Return a network without convolutions and BatchNorm."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3))


def oblong() -> nn.Module:
    """Return a network of one oblong and one 1x1 convolution, without BatchNorm."""
    return nn.Sequential(
        nn.Conv2d(1, 4, (3, 1)),
        nn.ReLU(),
        nn.Conv2d(4, 4, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 4 * 6, 3),
    )


def one_class() -> nn.Module:
    """Return a network that knows one class only."""
    net = trained_net()
    net.fc = nn.Linear(net.fc.in_features, 1)  # type: ignore[union-attr,arg-type]
    return net


def headless() -> nn.Module:
    """Return a network that ends in a convolution."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 4), nn.Flatten()
    )


@pytest.mark.parametrize("make", [perceptron, oblong, one_class, headless])
@each_method
def test_other_networks_work_or_are_refused(name: str, make: Callable[[], nn.Module]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = make().eval()
    sets = make_sets()
    if make is one_class:
        for used in sets.values():
            used.dataset.tensors[1].zero_()
    given = copy.deepcopy(net)
    try:
        unlearned = call(name, net, sets)
    except ValueError as error:
        # A sentence of the method's own, not one from inside torch.
        assert re.search(r"\bneeds\b", str(error))
        assert same_weights(net, given)
    else:
        assert is_finite(unlearned)


@each_method
def test_a_single_forget_example_is_enough(name: str) -> None:
    sets = make_sets()
    images, labels = sets["forget"].dataset.tensors
    sets["forget"] = loader(Examples(images[:1], labels[:1]))
    assert is_finite(call(name, trained_net(), sets))


@pytest.mark.gpu
@each_method
def test_works_where_the_network_is(name: str) -> None:
    net = trained_net().cuda()
    unlearned = call(name, net, make_sets())
    assert device_of(unlearned).type == "cuda"
    assert n_classes_of(unlearned) == 3
    assert is_finite(unlearned)
