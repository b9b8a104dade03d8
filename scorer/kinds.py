"""What can be named, and what can be added as one file: where it goes and what to copy.

`ls`, the table of CONTRIBUTING.md and the lists in the README all come from here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scorer.errors import unknown_name
from scorer.registry import Registry, module_names

Rows = list[dict[str, Any]]

LABELS = ("short", "year", "data", "cost", "source")
"""What the docstring of a method may say besides what it is."""

NO_RETAIN = "retain-free"
"""Column that says whether a method can be scored in the scenario of that name."""


@dataclass(frozen=True)
class Kind:
    """One sort of thing that has a name.

    Attributes:
        name: plural, as `ls` takes it.
        about: what one is.
        package: whose modules the members are.
        example: the member to copy from.
        listed: returns the rows of `ls`; by default those of the package's registry, which has the
            name in capitals.
        shown: columns of `ls`; empty for all of them.
    """

    name: str
    about: str
    package: str
    example: str
    listed: Callable[[], Rows] | None = None
    shown: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Where a new one goes; `NAME` stands for its name."""
        return f"{self.package.replace('.', '/')}/NAME.py"

    @property
    def test(self) -> str:
        """Where its test goes, likewise."""
        return f"tests/{self.package.removeprefix('scorer.').partition('.')[0]}/test_NAME.py"

    @property
    def like(self) -> str:
        """The file to copy from."""
        return self.file.replace("NAME", self.example)

    def rows(self) -> Rows:
        """Return one row a member, its name first."""
        if self.listed is not None:
            return self.listed()
        package = importlib.import_module(self.package)
        registry: Registry[Any] = getattr(package, self.name.upper())
        return [{"name": name, "summary": said} for name, said in registry.summaries().items()]


def spared(said: Mapping[str, str]) -> str:
    """Return whether a method can do without a retain set, "" where it does not say what it reads.

    Args:
        said: of the method, by label; "data" names the sets that it reads.
    """
    if not said["data"]:
        return ""
    return "no" if "retain" in said["data"].split(", ") else "yes"


def list_methods() -> Rows:
    """Return every method with what its docstring says."""
    from scorer.runner.load import REFERENCES, describe, method_files
    from scorer.settings import PROJECT_ROOT

    def row(name: str, labels: Mapping[str, str], summary: str, path: str) -> dict[str, Any]:
        said = {label: labels.get(label.title(), "") for label in LABELS}
        return {"name": name, **said, NO_RETAIN: spared(said), "summary": summary, "path": path}

    rows = [row(name, {"Source": "the kit"}, said, "") for name, said in REFERENCES.items()]
    for name, path in sorted(method_files().items()):
        said = describe(path)
        shown = path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else path
        rows.append(row(name, said.labels, said.summary, str(shown)))
    return rows


def list_tasks() -> Rows:
    """Return every task, with how much of its training step was measured to be arithmetic."""
    from scorer.bench.overhead import kept_arithmetic_percent
    from scorer.tasks import TASKS

    def row(name: str, summary: str) -> dict[str, Any]:
        percent = kept_arithmetic_percent(name)
        return {"name": name, "summary": summary, "arithmetic_percent": percent}

    return [row(name, summary) for name, summary in TASKS.summaries().items()]


def list_forget_sets() -> Rows:
    """Return every kind of forget set, with how it is typed behind `--forget`."""
    from scorer.tasks.forget import FORGET_SETS

    def typed(name: str) -> str:
        return " or ".join(getattr(FORGET_SETS[name], "forms", ()))

    rows = FORGET_SETS.summaries().items()
    return [{"name": name, "typed": typed(name), "summary": said} for name, said in rows]


def list_commands() -> Rows:
    """Return every verb with its help in one line."""
    rows = []
    for verb in module_names("scorer.cli"):
        said = importlib.import_module(f"scorer.cli.{verb}").command.help
        rows.append({"name": verb, "summary": said.strip().partition("\n")[0]})
    return rows


_ALL = (
    Kind(
        "methods",
        "an unlearning method, a file that is scored",
        "baselines",
        "finetune",
        list_methods,
        shown=("name", "year", "data", NO_RETAIN, "cost", "source"),
    ),
    Kind(
        "tasks",
        "data, split, forget set, network and recipe",
        "scorer.tasks",
        "fashion_mnist",
        list_tasks,
    ),
    Kind("rules", "how epsilon is found and becomes points", "scorer.metric.rules", "exact"),
    Kind(
        "measures",
        "a family of numbers in the record, computed together",
        "scorer.measures",
        "utility",
    ),
    Kind(
        "features",
        "an output kept of each model; may bring its measure along",
        "scorer.features",
        "correct",
    ),
    Kind("benches", "a measurement of speed, side by side", "scorer.bench", "metric"),
    Kind(
        "studies",
        "a question that one command computes, draws and answers",
        "scorer.studies",
        "boundary",
    ),
    Kind(
        "figures",
        "a section of a report with its picture and caption",
        "scorer.reports.figures",
        "divergence",
    ),
    Kind("engines", "where shards of work run", "scorer.engines", "local"),
    Kind("sandboxes", "how far a submission is kept apart", "scorer.runner.sandboxes", "process"),
    Kind("scenarios", "how requests to forget come", "scorer.scenarios", "retain_free"),
    Kind(
        "forget_sets",
        "how the examples to forget are chosen",
        "scorer.tasks.forget",
        "hard_random",
        list_forget_sets,
    ),
    Kind("datasets", "raw data as verified arrays", "data_prep", "fashion_mnist"),
    Kind("commands", "a verb of the command line", "scorer.cli", "metric", list_commands),
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
