"""A method as one file: what it takes is written into it; what cannot be is refused."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.package.inline import inlined
from scorer.runner.load import BASELINES, methods_in
from scorer.settings import PROJECT_ROOT

METHODS = methods_in(BASELINES)


def written(name: str) -> str:
    path = METHODS[name]
    return inlined(path.read_bytes(), str(path), BASELINES, "9.9").decode()


def of_text(text: str, folder: Path = BASELINES) -> str:
    return inlined(text.encode(), "mine.py", folder, "9.9").decode()


def test_every_baseline_stands_alone_and_is_as_formatted_as_it_was(tmp_path: Path) -> None:
    for name in METHODS:
        text = written(name)
        tree = ast.parse(text)
        modules = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert not [each for each in modules if each and each.startswith("baselines")], name
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text((PROJECT_ROOT / "pyproject.toml").read_text())
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


def test_source_and_licence_lines_stay_and_dead_parts_go() -> None:
    text = written("lfssd")
    assert "Source: Foster et al. 2024" in text and "SPDX-License-Identifier: Apache-2.0" in text
    assert "# From baselines/_importance.py of unlearning-scorer 9.9" in text
    assert "def dampen(" in text and "def mean_gradients(" in text, "of a module of a module"
    assert "class Descent" not in text and "def reset(" not in text
    assert text.index("def mean_gradients(") < text.index("def importance(")


def test_a_file_that_takes_nothing_stays_byte_for_byte() -> None:
    source = b"import torch\r\n\r\ndef unlearning(net, retain, forget, val):\r\n    pass\r\n"
    assert inlined(source, "mine.py", BASELINES, "9.9") == source


def test_another_name_is_kept_under_that_name() -> None:
    text = of_text(
        "from baselines.common import device_of as where\n\n\ndef unlearning(net, *_):\n"
        "    where(net)\n"
    )
    names: dict[str, object] = {}
    exec(compile(text, "mine.py", "exec"), names)
    assert names["where"] is names["device_of"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import baselines.common\n", "in a form that cannot be written"),
        ("from baselines import common\n", "must name what it takes"),
        ("from baselines.common import *\n", "must name what it takes"),
        ("def f():\n    from baselines.common import read\n", "line 2, imports baselines in a"),
        ("from baselines.common import read\nfrom . import mine\n", "imports a neighbour"),
        ("from baselines.common import raed\n", "imports raed of baselines.common, which has no"),
        ("from baselines.nothing import read\n", "baselines.nothing must be a module of the kit"),
        ("from baselines.common import read\nread = 1\n", "has a read of its own"),
        ("from baselines.common import read\ndef unpack(a): pass\n", "has a unpack of its own"),
        ("from math import floor as F\nfrom baselines.common import divergence\n",
         "imports math.floor as F"),
        ("from baselines.common import (\n", "must be a Python file"),
    ],
)  # fmt: skip
def test_forms_that_cannot_be_written_into_a_file_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        of_text(text)


def test_a_module_that_does_more_than_define_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text('"""Odd."""\nimport math\nprint(math)\n')
    with pytest.raises(UsageError, match="line 3, must import or define"):
        of_text("from baselines.odd import math\n", tmp_path)
