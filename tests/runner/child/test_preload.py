"""What is imported before a run's clock starts: installed packages that a file names at its top."""

from __future__ import annotations

import pytest

from scorer.runner.child.preload import preload, third_party


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import scipy.optimize", ["scipy.optimize"]),
        ("from scipy import stats\nfrom sklearn.svm import SVC", ["scipy", "sklearn.svm"]),
        ("try:\n    import sklearn\nexcept ImportError:\n    import scipy", ["sklearn", "scipy"]),
        ("if True:\n    import scipy as s, torch", ["scipy", "torch"]),
        ("import json, os.path", []),
        ("from . import common\nfrom .x import y", []),
        ("import nowhere_to_be_found", []),
        ("def f():\n    import scipy\nclass A:\n    import sklearn", []),
        ("import scipy\nimport scipy", ["scipy"]),
        ("def broken(:", []),
        ("x = " + "(" * 5000, []),
        ("import scipy\nx = '\\d'", ["scipy"]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_packages_are_found_by_the_text(source: str, expected: list[str]) -> None:
    assert third_party(source.encode()) == expected


@pytest.mark.parametrize("failure", [ImportError, SystemExit, RuntimeError])
def test_what_cannot_be_imported_is_left_to_the_run(
    monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    tried = []

    def fail(name: str) -> None:
        tried.append(name)
        raise failure

    monkeypatch.setattr("importlib.import_module", fail)
    preload(b"import scipy, sklearn")
    assert tried == ["scipy", "sklearn"]


def test_what_lies_beside_a_file_goes_before_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr("importlib.import_module", tried.append)
    preload(b"import scipy.stats, sklearn", {"scipy"})
    assert tried == ["sklearn"]


def test_a_chain_of_any_length_is_followed() -> None:
    chain = "if x == 0: pass\n" + "".join(f"elif x == {n}: import scipy\n" for n in range(1500))
    assert third_party(chain.encode()) == ["scipy"]
