"""Parts are made once, again where their bytes or code changed, and never lost to a failure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scorer.studies import Settings
from scorer.studies import parts as parts_module
from scorer.studies.parts import Part, make_parts, text_array, text_of

CALLS: list[int] = []


def square(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the square of a number, and remember the call; 13 fails."""
    CALLS.append(values["x"])
    if values["x"] == 13:
        raise ValueError("unlucky")
    return {"square": np.array([values["x"] ** 2])}


@pytest.fixture(autouse=True)
def no_calls() -> None:
    """Forget the calls of other tests."""
    CALLS.clear()


def of(*numbers: int) -> list[Part]:
    return [Part(f"{__name__}:square", {"x": number}) for number in numbers]


def test_parts_come_in_their_order_and_are_made_once(settings: Settings) -> None:
    assert [int(one["square"][0]) for one in make_parts(of(3, 2), settings)] == [9, 4]
    assert [int(one["square"][0]) for one in make_parts(of(2, 5, 3), settings)] == [4, 25, 9]
    assert sorted(CALLS) == [2, 3, 5]


def test_what_was_made_before_a_failure_is_kept(settings: Settings) -> None:
    with pytest.raises(ValueError, match="unlucky"):
        make_parts(of(4, 13, 6), settings)
    CALLS.clear()
    assert [int(one["square"][0]) for one in make_parts(of(4, 6), settings)] == [16, 36]
    assert CALLS == [6]


def test_a_damaged_part_is_made_again(settings: Settings) -> None:
    make_parts(of(7), settings)
    (file,) = settings.parts_dir.rglob("arrays.safetensors")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert int(make_parts(of(7), settings)[0]["square"][0]) == 49
    assert CALLS == [7, 7]


def test_changed_code_makes_other_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    (part,) = of(8)
    before = part.key
    monkeypatch.setattr(parts_module, "_sources_of", lambda module: {module: "changed"})
    assert part.key != before


def test_the_code_of_a_part_is_that_of_its_neighbours_too() -> None:
    found = parts_module._sources_of("scorer.studies._capacity_models")
    assert {"scorer.studies._capacity_models", "scorer.studies._models"} <= set(found)
    drawing = {"scorer.style", "scorer.studies.base", "scorer.studies._capacity_figures"}
    assert not drawing & set(found)


def test_progress_counts_parts(settings: Settings, tmp_path: Path) -> None:
    seen = []
    told = Settings(settings.options, True, lambda *step: seen.append(step))
    make_parts(of(1, 2), told)
    assert seen == [("study", 0, 2), ("study", 1, 2), ("study", 2, 2)]


def test_texts_travel_as_arrays() -> None:
    assert text_of(text_array("größer | than")) == "größer | than"
