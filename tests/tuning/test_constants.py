"""Constants are found and replaced in the text, in both of their forms."""

from __future__ import annotations

import ast

import pytest

from scorer.errors import UsageError
from scorer.tuning.constants import constants_of, fingerprint, text_of, with_values
from tests.tuning._shift import SOURCE, TUNED


def test_constants_are_numbers_in_capitals_or_one_for_each_family() -> None:
    found = constants_of(SOURCE)
    assert list(found) == [*TUNED, "OTHER", "COUNT"]
    assert [name for name, constant in found.items() if constant.is_tuned] == TUNED
    assert found["LEARNING_RATE"].at("digits") == 0.5
    assert found["LEARNING_RATE"].at("fashion_mnist") == 0.25
    assert found["EPOCHS"].at("fashion_mnist") == 2.0


def test_a_mapping_changes_in_one_family_and_the_rest_of_the_file_stays() -> None:
    changed = with_values(SOURCE, constants_of(SOURCE), "digits", {"LEARNING_RATE": 0.1})
    line = 'LEARNING_RATE = {"digits": 0.1, "fashion_mnist": 0.25}  # a unit'
    assert changed == SOURCE.replace(
        'LEARNING_RATE = {"digits": 0.5, "fashion_mnist": 0.25}  # a unit', line
    )


def test_a_number_becomes_one_for_each_family_and_one_number_again() -> None:
    apart = with_values(SOURCE, constants_of(SOURCE), "fashion_mnist", {"BATCH_SIZE": 16})
    assert 'BATCH_SIZE = {"digits": 64, "fashion_mnist": 16}\n' in apart
    assert with_values(apart, constants_of(apart), "fashion_mnist", {"BATCH_SIZE": 64}) == SOURCE


def test_a_number_that_is_read_as_it_stands_stays_a_number() -> None:
    changed = with_values(SOURCE, constants_of(SOURCE), "fashion_mnist", {"OTHER": 0.5})
    assert changed == SOURCE.replace("OTHER = 1e-3", "OTHER = 0.5")


def test_values_that_are_there_already_change_nothing() -> None:
    values = {name: each.at("digits") for name, each in constants_of(SOURCE).items()}
    assert with_values(SOURCE, constants_of(SOURCE), "digits", values) == SOURCE


def test_the_comment_of_a_line_that_becomes_too_long_goes_above_it() -> None:
    source = SOURCE.replace("EPOCHS = 2.0", f"EPOCHS = 2.0  # passes over {'the retain set ' * 4}")
    changed = with_values(source, constants_of(source), "fashion_mnist", {"EPOCHS": 0.75})
    comment = f"# passes over {'the retain set ' * 4}"
    assert f'\n{comment}\nEPOCHS = {{"digits": 2.0, "fashion_mnist": 0.75}}\n' in changed
    assert max(map(len, changed.splitlines())) <= 100


def test_letters_of_more_than_one_byte_and_several_lines_are_counted_right() -> None:
    source = (
        'A = "é"; RATE = {\n    "digits": 0.5,\n    "fashion_mnist": 0.25,\n}  # µ\n'
        "for_family(None, RATE)\n"
    )
    changed = with_values(source, constants_of(source), "digits", {"RATE": 1.0})
    assert changed.startswith('A = "é"; RATE = {"digits": 1.0, "fashion_mnist": 0.25}  # µ\n')
    ast.parse(changed)


def test_a_fingerprint_is_of_everything_but_the_values_that_are_tuned() -> None:
    def of(source: str) -> str:
        return fingerprint(source.encode(), constants_of(source), TUNED)

    assert of(SOURCE) == of(SOURCE.replace("0.25", "0.125").replace("= 64", "= 16"))
    reworded = SOURCE.replace('"""', '"""Other words: ', 1).replace("# a unit", "# another unit")
    assert reworded.count("nother") == reworded.count("Other words") == 1
    assert of(reworded) == of(SOURCE)
    assert of(SOURCE.replace("1e-3", "1e-2")) != of(SOURCE)
    assert of(SOURCE + "\nMORE = 1\n") != of(SOURCE)


@pytest.mark.parametrize("value", ["1 / 3", "(1.0, 2.0)", '{"digits": 1.0}', "None", "-x"])
def test_what_is_no_number_for_every_family_is_left_alone(value: str) -> None:
    assert not constants_of(f"RATE = {value}\n")


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_lines_end_as_python_has_it_whatever_an_editor_wrote(end: str) -> None:
    source = f"# a\rX = 1{end}RATE = 0.5{end}def f():{end}    pass{end}"
    changed = with_values(source, constants_of(source), "digits", {"RATE": 0.1, "X": 2})
    assert changed == source.replace("0.5", "0.1").replace("X = 1", "X = 2")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"# coding: hex\nRATE = 0.5\n", "must be a file of Python .* not a text encoding"),
        (b"RATE = " + b"-" * 100_000 + b"1\n", "must be a file of Python"),
        (b"# coding: utf-7\nRATE = 0.5  # +AGE-\n", "gives its bytes again to be tuned, got utf-7"),
    ],
)
def test_what_cannot_be_read_or_written_back_is_refused(source: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        text_of(source, "mine.py")


def test_an_expression_without_a_value_is_no_constant() -> None:
    assert list(constants_of("NAMES = {{}: 1}\nRATE = 0.5\n")) == ["RATE"]
