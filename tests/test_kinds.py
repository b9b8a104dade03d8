"""What can be added as one file: every place and pattern that the table names is there."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from scorer.errors import UsageError
from scorer.kinds import KINDS, Kind, kind_named
from scorer.registry import same_name
from scorer.settings import PROJECT_ROOT

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@each_kind
def test_files_and_tests_go_to_folders_that_exist(kind: Kind) -> None:
    for pattern, stem in ((kind.file, "NAME"), (kind.test, "test_NAME")):
        assert PurePath(pattern).stem == stem
        assert (PROJECT_ROOT / pattern).parent.is_dir()


@each_kind
def test_the_file_to_copy_is_a_member_of_the_same_folder(kind: Kind) -> None:
    like = PurePath(kind.like)
    assert (PROJECT_ROOT / like).is_file()
    assert like.parent == PurePath(kind.file).parent
    assert any(same_name(row["name"], like.stem) for row in kind.rows())


@each_kind
def test_every_member_says_what_it_is(kind: Kind) -> None:
    rows = kind.rows()
    # A method without a docstring is scored all the same.
    said = [row for row in rows if row["summary"].strip()]
    assert said if kind.name == "methods" else said == rows
    assert set(kind.shown) <= rows[0].keys()
    assert next(iter(rows[0])) == "name"


def test_an_unknown_kind_is_answered_with_the_list() -> None:
    assert kind_named("rules") is KINDS["rules"]
    with pytest.raises(UsageError, match=r"unknown kind 'rule'. Did you mean rules\?"):
        kind_named("rule")
