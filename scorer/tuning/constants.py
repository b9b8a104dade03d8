"""The constants of a file: found in its text, replaced in its text."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from baselines.common import FAMILIES
from scorer.errors import UsageError
from scorer.runner import load
from scorer.runner.imports import shared_modules

Value = int | float | bool
Values = Mapping[str, Value]
"""Values of constants by name."""


LINE_LENGTH = 100
"""A longer line gives up its comment, which then stands above it."""

LINE_END = re.compile(rb"\r\n|\r|\n")
"""What ends a line for Python, in any of the ways that editors write."""

UNREADABLE = (SyntaxError, ValueError, TypeError, LookupError, MemoryError, RecursionError)
"""What Python raises of text that is none of its own: a cookie may name a codec that is not of
text, an expression may be too deep or have no value."""

READER = "for_family"
"""The function of `baselines.common` through which a file reads what is tuned."""


def shown(value: Value) -> str:
    """Return a value as tables show it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Constant:
    """A number in capitals at the top of a file, and where its text lies.

    Attributes:
        name: in capitals.
        value: one number for all tasks, or one for each family of them.
        span: first and last byte of the value's text, the last exclusive.
        is_tuned: whether the file reads it through `for_family`, so that either form will do.
    """

    name: str
    value: Value | Mapping[str, Value]
    span: tuple[int, int]
    is_tuned: bool

    def at(self, family: str) -> Value:
        """Return the value for a family of tasks."""
        return self.value[family] if isinstance(self.value, Mapping) else self.value

    def with_value(self, family: str, value: Value) -> str:
        """Return the text in place of the value's when a family's becomes another.

        A number becomes one for each family where `for_family` reads it, and these one number
        again where they are equal.
        """
        if not isinstance(self.value, Mapping) and not self.is_tuned:
            return repr(value)
        values = {name: value if name == family else self.at(name) for name in FAMILIES}
        if len(set(values.values())) == 1:
            return repr(value)
        return "{" + ", ".join(f'"{name}": {each!r}' for name, each in values.items()) + "}"


def encoding_of(source: bytes) -> str:
    """Return the encoding that a file declares, by its first lines or its mark, as Python does."""
    return tokenize.detect_encoding(io.BytesIO(source).readline)[0]


def text_of(source: bytes, shown_file: str) -> str:
    """Return the text of a file in which constants are looked for.

    Args:
        source: bytes of the file.
        shown_file: what it is called in the message.

    Raises:
        UsageError: it is no Python, or its encoding does not give the same bytes again.
    """
    try:
        encoding = encoding_of(source)
        text = source.decode(encoding)
        ast.parse(text, shown_file)
        is_kept = text.encode(encoding) == source
    except UNREADABLE as error:
        raise UsageError(
            f"{shown_file} must be a file of Python to be tuned, got"
            f" {str(error) or type(error).__name__}; see what `check` says of it"
        ) from error
    if not is_kept:
        raise UsageError(
            f"{shown_file} must be in an encoding that gives its bytes again to be tuned, got"
            f" {encoding}; save it as UTF-8"
        )
    return text


def constants_of(source: str) -> dict[str, Constant]:
    """Return by name the constants of a file that are a number, or one for each family."""
    tree = ast.parse(source)
    starts = [0, *(end.end() for end in LINE_END.finditer(source.encode()))]
    read = _names_read(tree)
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(name)], ast.expr(end_lineno=int(last)) as text):
                value = _number(text)
                if name.isupper() and value is not None:
                    end = starts[last - 1] + (text.end_col_offset or 0)
                    span = (starts[text.lineno - 1] + text.col_offset, end)
                    found[name] = Constant(name, value, span, name in read)
    return found


def tuned_baselines() -> list[load.Submission]:
    """Return the baselines with constants that are tuned: those they read through `for_family`."""
    files = map(load.Submission.read, load.methods_in(load.BASELINES).values())
    return [
        each
        for each in files
        if any(one.is_tuned for one in constants_of(each.source.decode()).values())
    ]


def _names_read(tree: ast.Module) -> set[str]:
    """Return the names that are handed to `for_family`."""
    return {
        argument.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == READER
        for argument in node.args[1:]
        if isinstance(argument, ast.Name)
    }


def _number(text: ast.expr) -> Value | Mapping[str, Value] | None:
    """Return the number, or the numbers by family, that an expression is; None where it is none."""
    try:
        value = ast.literal_eval(text)
    except UNREADABLE:
        return None
    if isinstance(value, dict):
        numbers = value.keys() == FAMILIES.keys() and all(map(_is_number, value.values()))
        return value if numbers else None
    return value if _is_number(value) else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


def with_values(source: str, constants: Mapping[str, Constant], family: str, values: Values) -> str:
    """Return the file with other values for some constants in one family of tasks."""
    changed = {name for name, value in values.items() if constants[name].at(family) != value}
    text = _replaced(
        source,
        {
            constants[name].span: constants[name].with_value(family, values[name])
            for name in changed
        },
    )
    lines = text.split("\n")
    for number, line in enumerate(lines):
        value, mark, comment = line.partition("  # ")
        if mark and len(line) > LINE_LENGTH and value.partition(" = ")[0] in changed:
            lines[number] = f"# {comment}\n{value}"
    return "\n".join(lines)


def fingerprint(source: bytes, constants: Mapping[str, Constant], names: Sequence[str]) -> str:
    """Return a SHA-256 of what a file and its imports do, without the values of some constants.

    Comments, docstrings and layout do not count, so that better words do not ask for new tuning.
    """
    text = source.decode(encoding_of(source))
    text = _replaced(text, {constants[name].span: name for name in names})
    shared = [path.read_text() for path in shared_modules(source, load.BASELINES)]
    return hashlib.sha256("\n".join(map(_code, [text, *shared])).encode()).hexdigest()


def _code(source: str) -> str:
    """Return the syntax tree of a file without docstrings, as text."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body:
            match node.body[0]:
                case ast.Expr(ast.Constant(str())):
                    del node.body[0]
    return ast.dump(tree)


def _replaced(source: str, texts: Mapping[tuple[int, int], str]) -> str:
    """Return a text with other texts in place of spans of its bytes, which do not overlap."""
    data = source.encode()
    for (start, end), text in sorted(texts.items(), reverse=True):
        data = data[:start] + text.encode() + data[end:]
    return data.decode()
