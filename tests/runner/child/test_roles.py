"""Names before places: what each parameter wants, and how a function is called."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from scorer.runner.child.entry import Unfit, call_of, parameters_of
from scorer.runner.child.roles import PLAIN, Call, bind, has_default, role_of


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("net", "net model network Net original_model pretrained_net base_model my_network"),
        (
            "retain",
            "retain retain_loader retainLoader RETAIN train_retain_loader loader_retain remain",
        ),
        ("forget", "forget forget_loader forgetDataLoader forget_set unlearn_loader forget_data"),
        ("val", "val val_loader valid validation_loader valDataset validate val_ds"),
        ("device", "device DEVICE dev"),
        (None, "forget_lr n_retain val_every net_lr student args x data test_loader epochs _"),
    ],
)
def test_names_say_what_they_want(role: str | None, names: str) -> None:
    assert {name: role_of(name) for name in names.split()} == dict.fromkeys(names.split(), role)


def shown(parameters: str) -> str:
    """Return how a function with these parameters is called, or why it is not."""
    call = bind(parameters_of(eval(f"lambda {parameters}: None")))
    return call if isinstance(call, str) else call.shown("f")


@pytest.mark.parametrize(
    ("parameters", "call"),
    [
        ("net, retain, forget, val", "f(net, retain, forget, val)"),
        ("a, b, c, d", "f(net, retain, forget, val)"),
        ("*all", "f(net, retain, forget, val)"),
        ("net, *sets", "f(net, retain, forget, val)"),
        ("net, retain, forget, val, epochs=1, *, lr=0.1, **more", "f(net, retain, forget, val)"),
        ("model, train_loader, forget_loader, test_loader", "f(net, retain, forget, val)"),
        ("net, forget, retain, val", "f(net, forget, retain, val)"),
        ("val, net, forget, retain", "f(val, net, forget, retain)"),
        ("net, forget, retain, test_set", "f(net, forget, retain, val)"),
        ("net, lr=0.1, retain=None, forget=None", "f(net, retain=retain, forget=forget)"),
        ("net, retain, forget, val, device", "f(net, retain, forget, val, device)"),
        ("net, retain, forget, val, device='cuda:0'", "f(net, retain, forget, val, device)"),
        ("net, retain, forget, val, device='cpu'", "f(net, retain, forget, val)"),
        ("net, retain, forget, epochs=5", "f(net, retain, forget)"),
        ("net, model=None, *, retain, forget", "f(net, retain=retain, forget=forget)"),
        ("*, val, net", "f(val=val, net=net)"),
    ],
)
def test_a_call_follows_the_names(parameters: str, call: str) -> None:
    assert shown(parameters) == call


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ("net, retain, x, forget", "`x` stands in the place of forget, which `forget` asks for"),
        ("net, retain_loader, retain_set, val", "`retain_loader` and `retain_set` both ask for"),
        ("net, network, forget, val", "`net` and `network` both ask for net"),
        ("a, b, c", "got no val"),
        ("model, loader", "got no forget and no val"),
        ("net, retain, forget, val, args", "`args` must have a default"),
        ("net, retain, forget, val, *, seed", "`seed` must have a default"),
        ("retain, forget, val", "got no net"),
        ("net, forget, *sets", "what `*` takes must follow the order"),
        ("**all", "got no net and no retain and no forget and no val"),
        ("", "got no net"),
    ],
)
def test_what_contradicts_itself_is_not_called(parameters: str, why: str) -> None:
    assert why in shown(parameters)
    assert "write `def unlearning(net, retain, forget, val):`" in shown(parameters)


def test_a_part_may_ask_for_nothing_and_names_alone_decide() -> None:
    assert bind(parameters_of(lambda lr=0.1: None), is_part=True) == Call()
    assert isinstance(bind(parameters_of(lambda lr: None), is_part=True), str)


def test_a_default_that_needs_a_gpu_is_none() -> None:
    assert has_default("device", "cpu") and has_default("name", "cuda")
    assert not has_default("device", "cuda") and not has_default("DEVICE", "cuda:1")


def unlearning(net: Any, forget: Any, retain: Any, val: Any) -> None:
    """Take the sets in another order."""


def test_a_function_is_held_against_what_was_read() -> None:
    other = bind(parameters_of(unlearning))
    assert isinstance(other, Call)
    assert call_of(unlearning, "unlearning", other) == other
    with pytest.raises(Unfit, match=r"than its definition shows: unlearning\(net, forget, retain"):
        call_of(unlearning, "unlearning", PLAIN)
    with pytest.raises(Unfit, match="than its definition shows"):
        call_of(unlearning, "unlearning", None)
    assert call_of(lambda net, retain, forget, val: None, "f", other) == PLAIN
    assert call_of(lambda net, retain, forget, val, device="cuda": None, "f", PLAIN) == PLAIN
    with pytest.raises(Unfit, match="`f` must be a function, got int"):
        call_of(3, "f", None)
    with pytest.raises(Unfit, match="`f`: `seed` must have a default"):
        call_of(lambda net, retain, forget, val, seed: None, "f", None)


def test_a_function_without_a_signature_takes_what_it_is_given() -> None:
    with pytest.raises(ValueError):
        inspect.signature(max)
    assert call_of(max, "f", None) == PLAIN


def test_a_call_survives_json() -> None:
    call = Call(("net", "val"), {"forget_loader": "forget"})
    assert Call.of_facts(call.as_facts()) == call
