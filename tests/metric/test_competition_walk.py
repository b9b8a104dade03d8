from __future__ import annotations

import itertools
import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from scorer.metric import counts
from scorer.metric.rules import make_rule
from scorer.metric.rules._competition_walk import (
    _compiled_once,
    first_above,
    point,
    ratio_from_counts,
    strongest_attack,
)

GRIDS = [(0.0, 4.0), (-3.7, 11.013), (99.9, 103.9), (-2.0, 2.0)]


@pytest.mark.parametrize("delta", [0.0, 1e-5, 0.3])
def test_the_compiled_formula_is_the_one_of_the_package_to_the_last_bit(delta: float) -> None:
    for n_models in (2, 3, 17):
        for wrong, missed in itertools.product(range(n_models + 1), repeat=2):
            expected = counts.ratio_from_counts(wrong, missed, n_models, delta)
            assert ratio_from_counts(wrong, missed, n_models, delta) == expected


@pytest.mark.parametrize("count", [1, 2, 3, 17, 400, 401, 1237])
@pytest.mark.parametrize(("start", "stop"), GRIDS)
def test_grids_are_those_of_linspace_on_and_beside_their_points(
    start: float, stop: float, count: int
) -> None:
    grid = start, stop, float(count)
    points = np.linspace(start, stop, count)
    assert [point(grid, float(index)) for index in range(count)] == points.tolist()
    beside = [np.nextafter(points, -np.inf), points, np.nextafter(points, np.inf)]
    # 0.01 has no exact representation: arithmetic alone would misplace many of these.
    decimal = np.round(np.arange(-200, 201) * 0.01, 2)
    values = np.concatenate([*beside, decimal, [start - 1, stop + 1, -np.inf, np.inf]])
    found = [first_above(grid, value) for value in values]
    assert found == np.searchsorted(points, values, "right").tolist()


def test_of_equally_strong_attacks_the_first_is_reported() -> None:
    # Thresholds anywhere between 3 and 5 separate; the grid has 800 points from 0 to 8.
    unlearned, oracle = np.array([5.0, 6, 7, 8]), np.array([0.0, 1, 2, 3])
    *_, low, high, wrong, missed = strongest_attack(unlearned, oracle, 1e-5)
    grid = np.linspace(0, 8, 800)
    assert (low, high, wrong, missed) == (grid[grid > 3][0], math.inf, 0, 0)


@pytest.mark.parametrize("scale", [1e-310, 1e-300, 1e-12, 1e13, 1e17, 1e100, 1e300, 1.7e308])
def test_absurd_magnitudes_come_to_an_end(scale: float) -> None:
    rng = np.random.default_rng(0)
    unlearned, oracle = scale * rng.uniform(-1, 1, size=(2, 16, 20))
    epsilons = make_rule("competition").epsilons(unlearned, oracle).epsilons
    assert ((epsilons >= 0) & (epsilons <= 50)).all()


def test_compiles_where_nothing_can_be_kept() -> None:
    # Code without a file has no folder to keep machine code in.
    namespace: dict = {}
    exec("def double(x):\n    return 2 * x", namespace)
    assert _compiled_once(namespace["double"], "(int64,)")(2) == 4


@pytest.mark.parametrize("content", [b"", b"not what was kept"])
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
def test_damaged_machine_code_is_named_and_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, content: bytes
) -> None:
    source = tmp_path / "doubling.py"
    source.write_text("def double(x):\n    return 2 * x\n")
    function = runpy.run_path(str(source))["double"]
    assert _compiled_once(function, "(int64,)")(2) == 4
    (kept,) = tmp_path.rglob(f"*.{suffix}")
    kept.write_bytes(content)
    assert caplog.messages == []
    assert _compiled_once(function, "(int64,)")(2) == 4
    assert f"{kept.parent} can be neither read nor kept" in caplog.text
    assert "doubling.double.*" in caplog.text
