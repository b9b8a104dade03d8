"""The notebook runs from its first cell to its last, and is kept without outputs."""

from __future__ import annotations

import json
from typing import Any

import matplotlib
import pytest

from scorer.settings import PROJECT_ROOT

NOTEBOOK = json.loads((PROJECT_ROOT / "docs" / "metric.ipynb").read_text())
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def test_it_is_kept_without_outputs() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert CODE
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in CODE)


def test_it_runs_and_plots(capsys: pytest.CaptureFixture[str]) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    namespace: dict[str, Any] = {}
    try:
        for cell in CODE:
            source = "".join(cell["source"])
            exec(compile(source, f"metric.ipynb, {cell['id']}", "exec"), namespace)
        n_figures = len(pyplot.get_fignums())
    finally:
        pyplot.close("all")
    assert n_figures == sum("plt.subplots" in "".join(cell["source"]) for cell in CODE) == 3
    assert 0 < namespace["score"].value < namespace["ceiling"].value < 0.3
    assert f"ceiling  {namespace['ceiling'].value:.3f}" in capsys.readouterr().out
    for values in namespace["relative"].values():
        assert values[0] == 1.0
        assert values[-1] < values[4] < 1.0
        assert values[-1] < 0.2
