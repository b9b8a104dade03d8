"""The drawing of the docs: what imports what, without what follows from the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scorer.errors import ScorerError
from scorer.layout import LEAVES, PACKAGES, drawing, first_lines, floors, imports, parts
from scorer.settings import PROJECT_ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of three parts, a leaf and a private module."""
    files = {
        "submission/__init__.py": '"""Entries."""',
        "baselines/__init__.py": '"""Methods."""',
        "data_prep/__init__.py": '"""Data.\n\nMore."""\nfrom scorer.errors import Bad',
        "scorer/__init__.py": '"""Kit."""',
        "scorer/__main__.py": '"""Start."""\nfrom scorer.top import go',
        "scorer/_private.py": '"""Nobody."""',
        "scorer/errors.py": '"""Errors."""',
        "scorer/low/__init__.py": '"""Low."""\nimport data_prep.raw\nimport numpy',
        "scorer/top.py": '"""Top."""\ndef go():\n    from scorer import low\n    import data_prep',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_parts_are_folders_and_modules(project: Path) -> None:
    assert list(parts(project)) == [*PACKAGES, "errors", "low", "top"]
    assert first_lines(project) == {
        "submission/": "Entries.",
        "baselines/": "Methods.",
        "data_prep/": "Data.",
        "scorer/errors.py": "Errors.",
        "scorer/low/": "Low.",
        "scorer/top.py": "Top.",
    }


def test_imports_are_found_inside_functions_and_leaves_are_left_out(project: Path) -> None:
    found = imports(project)
    assert found["top"] == {"low", "data_prep"}
    assert found["low"] == {"data_prep"}
    assert found["data_prep"] == set()
    assert "errors" not in found


def test_an_import_for_the_type_checker_alone_is_none(project: Path) -> None:
    low = project / "scorer" / "low" / "__init__.py"
    typed = "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scorer.top import go"
    low.write_text(low.read_text() + typed)
    assert imports(project)["low"] == {"data_prep"}
    assert "    top --> low" in drawing(project)


def test_a_neighbour_of_the_name_of_a_part_is_none(project: Path) -> None:
    low = project / "scorer" / "low" / "__init__.py"
    low.write_text(low.read_text() + "\nfrom .top import go\nfrom .submission import run")
    assert imports(project)["low"] == {"data_prep"}


def test_the_drawing_leaves_out_what_follows(project: Path) -> None:
    lines = drawing(project).splitlines()
    assert "    top --> low" in lines
    assert "    low --> data_prep" in lines
    assert "    top --> data_prep" not in lines


def test_a_circle_is_named() -> None:
    with pytest.raises(ScorerError, match="must go one way, got b -> c -> b"):
        floors({"a": {"b"}, "b": {"c"}, "c": {"b"}})


def test_the_project_has_floors_and_they_keep_every_import() -> None:
    edges = imports()
    kept = floors(edges)

    def reach(name: str) -> set[str]:
        return kept[name].union(*(reach(part) for part in kept[name]))

    assert all(direct <= reach(name) for name, direct in edges.items())
    assert sum(map(len, kept.values())) < sum(map(len, edges.values()))
    assert kept["metric"] == set()


def test_leaves_import_nothing_above_them_and_the_document_names_them() -> None:
    for name in LEAVES:
        text = parts()[name].read_text()
        assert set(re.findall(r"^ *(?:from|import) scorer\.(\w+)", text, re.M)) <= set(LEAVES), name
    before_the_drawing = (PROJECT_ROOT / "docs" / "architecture.md").read_text().partition("```")[0]
    assert re.findall(r"`(\w+)`", before_the_drawing) == list(LEAVES)
