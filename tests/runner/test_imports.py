"""What a submission shares with the baselines: found in its text, through any number of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.runner.imports import shared_modules

FILES = {
    "common": "import torch\n",
    "_fisher": "from baselines.common import loader\n",
    "_layers": "from . import _fisher\n",
    "_deep": "from ._layers import last\n",
    "_ring": "from baselines import _ring, _fisher\n",
    "unused": "",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, source in FILES.items():
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\n", []),
        ("'common', and baselines.common in prose'\n", []),
        ('"""Like baselines.common."""\n', []),
        ("from baselines.common import loader\n", ["common"]),
        ("from baselines import common\n", ["common"]),
        ("import baselines.common as c\n", ["common"]),
        ("def unlearning():\n    from baselines import common\n", ["common"]),
        ("from baselines import _fisher, nothing_there\n", ["_fisher", "common"]),
        ("from baselines._deep import x\n", ["_deep", "_fisher", "_layers", "common"]),
        ("from baselines import _ring\n", ["_fisher", "_ring", "common"]),
        ("from . import common\n", []),
        ("from other.baselines import common\n", []),
        ("def broken(:\n", []),
    ],
)
def test_modules_of_the_baselines_are_found(folder: Path, source: str, expected: list[str]) -> None:
    assert [path.stem for path in shared_modules(source.encode(), folder)] == expected
