"""Which function is the submission: the one that is named, the one that is meant, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from scorer.errors import UsageError
from scorer.runner.adapt import code_of
from scorer.runner.adapt.code import MAIN
from scorer.runner.load import find_submission

FOUR = "(net, retain, forget, val):\n    return net\n"
SEVERAL = f"""
def unlearning_1{FOUR}
def unlearning_2(net, forget, retain, val):
    return net
def other(model, retain_loader):
    return model
class Mine:
    def run(self, net, retain, forget, val):
        return net
    def other(self, net, forget):
        return net
from elsewhere import imported
"""


@pytest.mark.parametrize(
    ("function", "note"),
    [
        ("unlearning_2", "using unlearning_2(net, forget, retain, val) of line 5"),
        ("other", "using other(net, retain) of line 7"),
        ("Mine", "using Mine().run(net, retain, forget, val) of line 9"),
        ("Mine.other", "using Mine().other(net, forget) of line 9"),
    ],
)
def test_a_function_is_named(function: str, note: str) -> None:
    code = code_of({MAIN: SEVERAL.encode(), "elsewhere.py": b""}, function=function)
    assert code.notes[0] == note and not code.entry.fault
    assert code.function == function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("nowhere", "must define what --function names, 'nowhere', got unlearning_1(net, retain,"),
        ("Mine.nowhere", "`Mine` must have `nowhere` that takes net and the sets"),
        ("other.run", "`other` is a function and has no 'run'"),
        ("", "got 2 that it could be"),
    ],
)
def test_a_name_that_cannot_be_meant(function: str, message: str) -> None:
    code = code_of({MAIN: SEVERAL.encode(), "elsewhere.py": b""}, function=function)
    assert code.entry.fault == "bad_signature" and message in code.entry.message


def test_a_function_of_a_file_is_a_method_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SEVERAL)
    (tmp_path / "elsewhere.py").touch()
    one, two = (find_submission(str(path), f"unlearning_{number}") for number in (1, 2))
    assert (one.name, two.name) == ("mine.unlearning_1", "mine.unlearning_2")
    assert one.sha256 != two.sha256
    with pytest.raises(UsageError, match="printable"):
        find_submission(str(path), "a\nb")
    with pytest.raises(UsageError, match="at most 100 bytes"):
        find_submission(str(path), "x" * 100)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (f"def unlearn{FOUR}def unlearn_all{FOUR}", "unlearn"),
        (f"def scrub_unlearning{FOUR}def helper(x): pass", "scrub_unlearning"),
        (f"def unlearning_old(x): pass\ndef unlearning_new{FOUR}", "unlearning_new"),
        (f"if True:\n    def unlearning{FOUR.replace('    ', '        ')}", "unlearning"),
        (f"def unlearning{FOUR}class Unlearner:\n    def run{FOUR}", "unlearning"),
        ("import torch\nclass Net(torch.nn.Module):\n    def run(self, net, retain): pass\n", ""),
        ("class Data(Dataset):\n    def __call__(self, net, forget): pass\n", ""),
        ("def train(net, loader): pass\n", ""),
        (f"def outer():\n    def unlearning{FOUR.replace('    ', '        ')}", ""),
        ("class A:\n    @staticmethod\n    def run(net, retain, forget, val): pass\n", ""),
    ],
)
def test_what_is_meant_by_a_name(source: str, name: str) -> None:
    entry = code_of({MAIN: source.encode()}).entry
    assert (entry.fault == "bad_signature") == (not name)
    assert not name or entry.name == name


@pytest.mark.parametrize(
    "source",
    [
        b"from helper import *\n",
        b"exec('def unlearning(net, retain, forget, val): pass')\n",
        b"globals()['unlearning'] = print\n",
        b"def broken(:\n",
        b"unlearning = functools.partial(f)\n",
    ],
)
def test_what_no_text_shows_is_left_to_the_run(source: bytes) -> None:
    entry = code_of({MAIN: source, "helper.py": b""}).entry
    assert (entry.fault, entry.name) == ("", "unlearning")


DEEP = {
    "elif": "if x == 0: pass\n" + "".join(f"elif x == {n}: pass\n" for n in range(1500)),
    "attributes": "x = a" + ".b" * 3000 + "\n",
    "sums": "x = 1" + " + 1" * 3000 + "\n",
    "functions": "".join(f"{' ' * n}def f{n}(net):\n" for n in range(90)) + " " * 90 + "pass\n",
    "brackets": "x = " + "[" * 10_000 + "\n",
    "many imports": "".join(f"import m{n}\n" for n in range(300)),
}


@pytest.mark.parametrize("name", DEEP)
def test_a_text_of_any_shape_is_read_to_its_end(name: str) -> None:
    source = (DEEP[name] + f"def unlearning{FOUR}").encode()
    assert code_of({MAIN: source}).entry.name == "unlearning"
