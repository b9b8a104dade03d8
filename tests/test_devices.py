"""Devices by name: what is typed, what is there, and what each process sees of it."""

from __future__ import annotations

import pytest
import torch

from scorer import devices
from scorer.devices import VISIBLE, choose, chosen_gpus, numbers_of, pin_of_shard, pins, use_first
from scorer.errors import UsageError
from scorer.options import Options

CARD = "NVIDIA H100"


@pytest.fixture
def three_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch say that there are three GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda n: f"{CARD} {n}")
    monkeypatch.delenv(VISIBLE, raising=False)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch say that there is none."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("three_gpus")
@pytest.mark.parametrize(
    ("device", "gpus"),
    [
        ("cpu", ()),
        ("auto", (0, 1, 2)),
        ("cuda", (0, 1, 2)),
        ("cuda:2", (2,)),
        ("cuda:0,1", (0, 1)),
        ("cuda:2,0", (2, 0)),
    ],
)
def test_every_form_names_its_gpus(device: str, gpus: tuple[int, ...]) -> None:
    assert chosen_gpus(device) == gpus
    assert Options(device=device).gpus == gpus
    assert Options(device=device).torch_device == ("cuda" if gpus else "cpu")


@pytest.mark.parametrize(
    "device",
    ["gpu", "cuda:", "cuda:a", "cuda:-1", "cuda:0,", "cuda:0;1", "CUDA", "cpu:0", "cuda:٢"],
)
def test_other_words_are_unknown(device: str) -> None:
    with pytest.raises(UsageError, match=r"unknown device .* takes auto, cpu, cuda for all GPUs"):
        Options(device=device)


def test_a_gpu_is_named_once() -> None:
    with pytest.raises(UsageError, match="must name each GPU once, got cuda:1,1"):
        numbers_of("cuda:1,1")


@pytest.mark.usefixtures("three_gpus")
@pytest.mark.parametrize(
    ("device", "missing"),
    [("cuda:3", "cuda:3"), ("cuda:0,7", "cuda:7"), ("cuda:8,1,9", "cuda:8 and cuda:9")],
)
def test_a_number_that_is_not_there_is_an_error_with_what_is(device: str, missing: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(device=device)
    assert f"--device {device} names {missing}, which is not there; visible are" in str(
        caught.value
    )
    assert f"cuda:0 ({CARD} 0), cuda:1 ({CARD} 1), cuda:2 ({CARD} 2)" in str(caught.value)


@pytest.mark.usefixtures("no_gpu")
def test_without_a_gpu_auto_is_the_cpu_and_a_number_an_error() -> None:
    assert Options(device="auto").torch_device == "cpu"
    with pytest.raises(UsageError, match="--device cuda needs a CUDA device, found none"):
        Options(device="cuda")
    with pytest.raises(UsageError, match=r"names cuda:0, .* visible are none: use --device cpu"):
        Options(device="cuda:0")


def test_numbers_are_chosen_among_those_there() -> None:
    assert choose("cuda", None, [CARD, CARD]) == (0, 1)
    assert choose("auto", None, []) == ()
    assert choose("cuda:1", [1], [CARD, CARD]) == (1,)


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (None, ["0", "2"]),
        ("4,5,6", ["4", "6"]),
        ("GPU-a, GPU-b, MIG-c", ["GPU-a", "MIG-c"]),
    ],
)
def test_a_process_is_shown_its_gpu_as_the_system_counts_it(
    shown: str | None, wanted: list[str]
) -> None:
    assert pins([0, 2], {} if shown is None else {VISIBLE: shown}) == wanted


def test_shards_take_the_gpus_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "7,8,9")
    pinned = [pin_of_shard(number, (2, 0)) for number in range(4)]
    assert pinned == [{VISIBLE: each} for each in ("9", "7", "9", "7")]
    assert pin_of_shard(0, ()) == {}


def test_who_shares_work_out_computes_on_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    current: list[int] = []
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    use_first((2, 0))
    use_first(())
    assert current == [2]


def test_the_forms_in_help_are_forms() -> None:
    assert [numbers_of(form) for form in devices.FORMS if form != "cpu"] == [
        None,
        None,
        (2,),
        (0, 1),
    ]
