"""What can be named, and what can be added as one file: where it goes and what to copy.

`ls`, the table of CONTRIBUTING.md and the lists in the README all come from here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scorer.errors import unknown_name
from scorer.registry import Registry, module_names

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """One sort of thing that has a name.

    Attributes:
        name: plural, as `ls` takes it.
        about: what one is.
        file: where a new one goes; `NAME` stands for its name.
        test: where its test goes, likewise.
        like: the file to copy from.
        members: "module:name" of the registry, or of a function without arguments that returns
            the rows of `ls`.
        shown: columns of `ls`; empty for all of them.
    """

    name: str
    about: str
    file: str
    test: str
    like: str
    members: str
    shown: tuple[str, ...] = ()

    def rows(self) -> Rows:
        """Return one row a member, its name first."""
        module, _, name = self.members.partition(":")
        found: Registry[Any] | Callable[[], Rows] = getattr(importlib.import_module(module), name)
        if isinstance(found, Registry):
            return [{"name": name, "summary": said} for name, said in found.summaries().items()]
        return found()


def list_methods() -> Rows:
    """Return every method with what its docstring says."""
    from scorer.runner.load import REFERENCES, describe, method_files
    from scorer.settings import PROJECT_ROOT

    rows: Rows = [
        {"name": name, "short": "", "year": "", "data": "", "cost": "", "source": "the kit",
         "summary": summary, "path": ""}
        for name, summary in REFERENCES.items()
    ]  # fmt: skip
    for name, path in sorted(method_files().items()):
        said = describe(path)
        shown = path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path
        labels = {key.lower(): value for key, value in said.labels.items()}
        keys = ("short", "year", "data", "cost", "source")
        rows.append(
            {
                "name": name,
                **{key: labels.get(key, "") for key in keys},
                "summary": said.summary,
                "path": str(shown),
            }
        )
    return rows


def list_commands() -> Rows:
    """Return every verb with its help in one line."""
    rows = []
    for verb in module_names("scorer.cli"):
        said = importlib.import_module(f"scorer.cli.{verb}").command.help
        rows.append({"name": verb, "summary": said.strip().partition("\n")[0]})
    return rows


_ALL = (
    Kind(
        name="methods",
        about="an unlearning method, a file that is scored",
        file="baselines/NAME.py",
        test="tests/baselines/test_NAME.py",
        like="baselines/finetune.py",
        members="scorer.kinds:list_methods",
        shown=("name", "year", "data", "cost", "source"),
    ),
    Kind(
        name="tasks",
        about="data, split, forget set, network and recipe",
        file="scorer/tasks/NAME.py",
        test="tests/tasks/test_NAME.py",
        like="scorer/tasks/fashion_mnist.py",
        members="scorer.tasks:TASKS",
    ),
    Kind(
        name="rules",
        about="how epsilon is found and becomes points",
        file="scorer/metric/rules/NAME.py",
        test="tests/metric/test_NAME.py",
        like="scorer/metric/rules/exact.py",
        members="scorer.metric.rules:RULES",
    ),
    Kind(
        name="measures",
        about="a family of numbers in the record, computed together",
        file="scorer/measures/NAME.py",
        test="tests/measures/test_NAME.py",
        like="scorer/measures/utility.py",
        members="scorer.measures:MEASURES",
    ),
    Kind(
        name="features",
        about="an output kept of each model; may bring its measure along",
        file="scorer/features/NAME.py",
        test="tests/features/test_NAME.py",
        like="scorer/features/correct.py",
        members="scorer.features:FEATURES",
    ),
    Kind(
        name="benches",
        about="a measurement of speed, side by side",
        file="scorer/bench/NAME.py",
        test="tests/bench/test_NAME.py",
        like="scorer/bench/metric.py",
        members="scorer.bench:BENCHES",
    ),
    Kind(
        name="engines",
        about="where shards of work run",
        file="scorer/engines/NAME.py",
        test="tests/engines/test_NAME.py",
        like="scorer/engines/local.py",
        members="scorer.engines:ENGINES",
    ),
    Kind(
        name="sandboxes",
        about="how far a submission is kept apart",
        file="scorer/runner/sandboxes/NAME.py",
        test="tests/runner/test_NAME.py",
        like="scorer/runner/sandboxes/process.py",
        members="scorer.runner.sandboxes:SANDBOXES",
    ),
    Kind(
        name="forget_sets",
        about="how the examples to forget are chosen",
        file="scorer/tasks/forget/NAME.py",
        test="tests/tasks/test_NAME.py",
        like="scorer/tasks/forget/hard_random.py",
        members="scorer.tasks.forget:FORGET_KINDS",
    ),
    Kind(
        name="datasets",
        about="raw data as verified arrays",
        file="data_prep/NAME.py",
        test="tests/data_prep/test_NAME.py",
        like="data_prep/fashion_mnist.py",
        members="data_prep.registry:DATASETS",
    ),
    Kind(
        name="commands",
        about="a verb of the command line",
        file="scorer/cli/NAME.py",
        test="tests/cli/test_NAME.py",
        like="scorer/cli/metric.py",
        members="scorer.kinds:list_commands",
    ),
)

KINDS = {kind.name: kind for kind in _ALL}
"""Every kind by its name."""


def kind_named(name: str) -> Kind:
    """Return a kind.

    Raises:
        UsageError: there is no such kind; the message has near matches and the list.
    """
    if name not in KINDS:
        raise unknown_name("kind", name, KINDS)
    return KINDS[name]
