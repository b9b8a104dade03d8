"""Checkpoints that anybody may have written: tensors come back, or a fault with a name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from scorer.checkpoints.convert import Converter, Found
from scorer.oracles.pool import Pool
from scorer.runner.faults import Fault
from scorer.runner.sandboxes import SANDBOXES
from scorer.runner.tiers import missing


class Touches:
    """A pickle that would run code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def saved(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def converted(pool: Pool, values: list[bytes], sandbox: str = "process") -> Found:
    original = save(pool.original_weights(0))
    return Converter(original, sandbox, 60.0, 3000.0).convert(dict(enumerate(values)))


@pytest.mark.parametrize("sandbox", [
    "process",
    *(pytest.param(name, marks=pytest.mark.slow) for name in SANDBOXES if name != "process"),
])  # fmt: skip
def test_what_is_a_state_comes_back_and_what_is_none_has_a_name(
    tiny_pool: Pool, tmp_path: Path, sandbox: str
) -> None:
    if missing(sandbox):
        pytest.skip(missing(sandbox))
    state, touched = tiny_pool.original_weights(0), tmp_path / "touched"
    # Files are read in no order, and a counter of batches cannot be NaN.
    name = next(key for key in sorted(state) if state[key].is_floating_point())
    rest = {key: value for key, value in state.items() if key != name}
    cases: list[tuple[bytes, str]] = [
        (saved(state), ""),
        (saved({key: value.half() for key, value in state.items()}), "shape_mismatch"),
        (saved({**state, "extra": torch.zeros(1)}), "shape_mismatch"),
        (saved(rest), "shape_mismatch"),
        (saved({**state, name: torch.full_like(state[name], torch.nan)}), "non_finite"),
        (saved({**state, name: state[name].to_sparse()}), "bad_return"),
        (saved([1, 2]), "bad_return"),
        (saved({**state, name: "text"}), "bad_return"),
        (saved(Touches(touched)), "bad_return"),
        (b"no pickle", "bad_return"),
        (saved(state)[:-100], "bad_return"),
        (b"", "bad_return"),
        (saved({**state, name: state[name] + 1}), ""),
    ]
    found = converted(tiny_pool, [content for content, _ in cases], sandbox)
    for index, (_, fault) in enumerate(cases):
        one = found[index]
        if fault:
            assert isinstance(one, Fault) and (one.fault, one.run) == (fault, index), index
        else:
            assert not isinstance(one, Fault), one
            assert one.keys() == state.keys()
    last = found[len(cases) - 1]
    assert not isinstance(last, Fault)
    torch.testing.assert_close(last[name], state[name] + 1, rtol=0, atol=0)
    assert not touched.exists()


def test_a_process_that_ends_is_a_fault_of_what_it_had_not_read(tiny_pool: Pool) -> None:
    original = save(tiny_pool.original_weights(0))
    converter = Converter(original, "process", 60.0, memory_mib=1.0)
    (only,) = converter.convert({0: saved(tiny_pool.original_weights(0))}).values()
    assert isinstance(only, Fault) and only.fault in ("killed", "out_of_memory", "bad_return")
