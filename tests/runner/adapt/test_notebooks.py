"""Notebooks become the part of them that a function needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scorer.runner.adapt.notebooks import is_export, read_notebook, reduce_export
from scorer.runner.child.preload import parsed

ENTRY = "def unlearning(net, retain, forget, val):\n    return use(net)\n"


def notebook(*cells: Any, **more: Any) -> bytes:
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "#"}, *code], **more}).encode()


def kept(*cells: Any) -> list[str]:
    """Return what is left of a notebook, without what stands for what was left out."""
    text = read_notebook(notebook(*cells))
    assert not text.fault and parsed(text.source) is not None
    lines = text.source.decode().split("\n")
    return [line for line in lines if line.strip(" ;") not in ("", "pass") and line[0] != "#"]


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline\nRATE = 1",
        "!pip install -q x\n  \nRATE = 1",
        "%%time\nRATE = 1",
        "?unlearning\nRATE = 1\nunlearning??",
        "files = !ls\nRATE = 1",
        "x = %timeit -o f()\nRATE = 1",
        ["RATE = 1\r\n", "!ls\r\n"],
    ],
)
def test_magics_and_shell_lines_are_dropped(cell: Any) -> None:
    assert kept(cell) == ["RATE = 1"]


def test_lines_that_only_look_like_magics_stay() -> None:
    cell = "RATE = (7\n  % 4)\nTEXT = '''\n!not a shell line\n'''"
    assert kept(cell) == cell.split("\n")


@pytest.mark.parametrize("cell", ["%%bash\nls", "%%writefile a.py\nx = 1", "%%html\n<b>", "not :"])
def test_a_cell_of_something_else_is_left_out_and_named(cell: str) -> None:
    text = read_notebook(notebook("X = 1", cell))
    assert "left out what is no Python, cell 3" in text.notes[0]


NEEDED = {
    "a literal": "use = [1, (2.5, 'a'), {'b': -1}]",
    "a device": "import torch\nuse = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
    "a loss": "from torch import nn\nuse = nn.CrossEntropyLoss(label_smoothing=0.1)",
    "what another needs": "import torch\nSIZE = int('3')\nuse = torch.zeros(SIZE)",
    "in a try": "try:\n    import torch\n    use = torch.relu\nexcept ImportError:\n    use = None",
    "under a condition": "import os\nif os.name == 'nt':\n    use = 1\nelse:\n    use = 2",
    "an annotated one": "import torch\nuse: object = torch.nn.ReLU()",
    "a lambda": "import torch\nuse = lambda x: torch.relu(x)",
    "an object of a class": "class Plan:\n    rate = 1\nuse = Plan()",
}


@pytest.mark.parametrize("name", NEEDED)
def test_a_value_that_the_function_reads_is_kept(name: str) -> None:
    cell = NEEDED[name]
    assert kept(cell, ENTRY) == [*cell.split("\n"), *ENTRY.split("\n")[:2]]


LEFT_OUT = {
    "reads a file": "import torch\nuse = torch.load('x.pt')",
    "fetches": "import requests\nuse = requests.get('http://x')",
    "a data set": "import torchvision\nuse = torchvision.datasets.CIFAR10('.', download=True)",
    "trains": "def train(): pass\nuse = train()",
    "in a loop": "for use in range(3):\n    print(use)",
    "what was left out goes in": "other = open('x')\nuse = [other]",
    "prints on its way": "use = print('x')",
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_value_that_does_more_is_left_out_and_named(name: str) -> None:
    text = read_notebook(notebook(LEFT_OUT[name], ENTRY))
    assert "left out too, though unlearning uses it: " in text.notes[0]
    assert text.notes[0].endswith("use")
    assert b"use =" not in text.source and b"for use" not in text.source


def test_a_part_of_what_was_left_out_is_not_set() -> None:
    cell = "import torch\nframe = open('x')\nframe['a'] = 1\ntorch.backends.cudnn.benchmark = True"
    assert kept(cell, ENTRY)[:2] == ["import torch", "torch.backends.cudnn.benchmark = True"]


def test_what_nothing_reads_is_left_out_without_a_word() -> None:
    lines = kept(
        "import os, seaborn\nfrom __future__ import annotations\nimport torch\nx = torch.zeros(1)",
        ENTRY,
    )
    assert lines == ["from __future__ import annotations", *ENTRY.split("\n")[:2]]


def test_a_statement_beside_one_that_stays_is_cut_out() -> None:
    source = read_notebook(notebook("A = 1; print(A); B = 2\nprint(\n  1); C = 3")).source.decode()
    names: dict[str, Any] = {}
    exec(source, names)
    assert (names["A"], names["B"], names["C"]) == (1, 2, 3)


def test_places_are_cells() -> None:
    text = read_notebook(notebook("import os\n\n", ENTRY))
    line = text.source.decode().split("\n").index(ENTRY.split("\n")[0]) + 1
    assert text.place(line) == "cell 3"


def test_the_third_format_is_read() -> None:
    cells = [{"cell_type": "code", "input": ["X = 1\n"]}]
    text = read_notebook(json.dumps({"worksheets": [{"cells": cells}]}).encode())
    assert b"X = 1" in text.source


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b'{"cells": [{"cell_type": "code"}]}',
        b'{"cells": [{"cell_type": "code", "source": [1]}]}',
        b"[" * 100_000,
        b'{"worksheets": []}',
    ],
)
def test_what_is_no_notebook_says_so(content: bytes) -> None:
    assert "must be a notebook of Jupyter" in read_notebook(content).fault


def test_a_notebook_with_letters_that_are_none_is_read() -> None:
    assert read_notebook(notebook("X = '\ud800'", "Y = 1")).fault == ""


EXPORTS = [
    b"# In[3]:\n",
    b"import x\n# In[ ]:\n",
    b"get_ipython().system('ls')\n",
    b'"""x.ipynb\n\nAutomatically generated by Colab.\n"""\n',
]


@pytest.mark.parametrize("mark", EXPORTS)
def test_an_export_is_known_and_loses_what_runs(mark: bytes) -> None:
    source = mark + b"x = open('y')\n" + ENTRY.encode()
    assert is_export(source) and not is_export(ENTRY.encode())
    text = reduce_export(source)
    assert b"open" not in text.source and ENTRY.encode() in text.source
    assert "left out what runs" in text.notes[0]


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_an_export_of_which_nothing_runs_is_as_it_was(ends: bytes) -> None:
    source = (b"# In[1]:\nRATE = 1\n" + ENTRY.encode()).replace(b"\n", ends)
    text = reduce_export(source)
    assert (text.source, text.notes) == (source, ())
