"""Members are found by file, under one name, and what is unknown is answered with the list."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scorer.errors import ScorerError, UsageError
from scorer.registry import Registry, subclass, value


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package without modules, importable as `kinds_of_things`."""
    folder = tmp_path / "kinds_of_things"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [n for n in sys.modules if n.startswith("kinds_of_things")]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def numbers() -> Registry[complex]:
    return Registry("number", "kinds_of_things", value(complex))


def test_a_file_is_a_member_under_its_name(package: Path) -> None:
    (package / "two_parts.py").write_text("MEMBER = 2j\n")
    (package / "base.py").write_text("SOMETHING = 'no member'\n")
    (package / "_helper.py").write_text("raise RuntimeError('helpers are not imported')\n")
    assert dict(numbers()) == {"two_parts": 2j}
    assert numbers()["two-parts"] == 2j
    assert "two-parts" in numbers()


def test_unknown_names_are_answered_with_near_ones_and_the_list(package: Path) -> None:
    (package / "one.py").write_text("MEMBER = 1j\n")
    with pytest.raises(UsageError, match=r"unknown number 'ome'\. Did you mean one\? Known: one"):
        numbers()["ome"]


def test_classes_count_where_they_are_defined_and_concrete(package: Path) -> None:
    (package / "own.py").write_text(
        "import abc\n"
        "class Own(ValueError):\n    '''Mine.\n\n    More.'''\n    name = 'own'\n"
        "class _Hidden(ValueError): pass\n"
        "class Abstract(ValueError, abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n"
    )
    (package / "borrowed.py").write_text("from kinds_of_things.own import Own\n")
    classes = Registry("error", "kinds_of_things", subclass(ValueError))
    assert list(classes) == ["own"]
    assert classes.summaries() == {"own": "Mine."}


def test_a_name_that_is_not_the_files_is_refused(package: Path) -> None:
    (package / "wrong.py").write_text("class Own(ValueError):\n    name = 'right'\n")
    with pytest.raises(ScorerError, match="error 'right' must stand in a module of its name"):
        list(Registry("error", "kinds_of_things", subclass(ValueError)))


def test_two_members_in_one_file_are_refused(package: Path) -> None:
    (package / "both.py").write_text("A = 1j\nB = 2j\n")
    with pytest.raises(ScorerError, match="must define one member, got 2"):
        list(numbers())


def test_members_of_a_second_package_are_found_and_may_not_shadow(
    package: Path, tmp_path: Path
) -> None:
    (package / "one.py").write_text("MEMBER = 1j\n")
    second = tmp_path / "kinds_of_things_too"
    second.mkdir()
    (second / "__init__.py").write_text("")
    (second / "another.py").write_text("MEMBER = 2j\n")

    def both() -> Registry[complex]:
        return Registry("number", "kinds_of_things", value(complex), also_in=(second.name,))

    assert dict(both()) == {"another": 2j, "one": 1j}
    (second / "one.py").write_text("MEMBER = 3j\n")
    with pytest.raises(ScorerError, match="number 'one' must be one, got another in kinds_of"):
        list(both())


def test_a_module_that_cannot_be_imported_is_named_with_what_it_raised(package: Path) -> None:
    (package / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ScorerError, match=r"kinds_of_things\.broken cannot be imported \(ZeroDiv"):
        list(numbers())


def test_a_missing_package_of_others_is_to_be_installed(package: Path) -> None:
    (package / "needs.py").write_text("import no_such_package_of_others\n")
    with pytest.raises(ScorerError, match=r"no_such_package_of_others is not installed in .* env"):
        list(numbers())
