"""Methods called directly, in this process: for studies of the kit's own baselines.

A score goes through `scorer.runner`, which trusts nothing that a file says. Here the files are the
project's, neither time nor arithmetic is metered, and the sizes are small: a fork a run would be
most of the work.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from baselines.common import Examples
from scorer.errors import ScorerError
from scorer.runner.child.contract import make_loader, seed_everything
from scorer.runner.load import BASELINES, Submission
from scorer.training.recipe import seed_of
from scorer.tuning.constants import constants_of, with_values
from scorer.tuning.draw import LENGTH

Unlearning = Callable[[nn.Module, Any, Any, Any], nn.Module | None]

SETS = ("retain", "forget", "val")


def baseline_function(name: str) -> Unlearning:
    """Return the `unlearning` of a baseline."""
    function: Unlearning = importlib.import_module(f"baselines.{name}").unlearning
    return function


def baseline_sha256(name: str) -> str:
    """Return what identifies a baseline, what it imports of its neighbours included."""
    return Submission.read(BASELINES / f"{name}.py").sha256


def unlearn(
    function: Unlearning,
    net: nn.Module,
    sets: Mapping[str, Examples],
    key: str,
    n_runs: int,
) -> Iterator[nn.Module]:
    """Yield the network of each run in eval mode.

    Args:
        function: of a method.
        net: the original, left as it is.
        sets: "retain", "forget" and "val".
        key: what the seeds of the runs are drawn for.
        n_runs: each starts from a fresh copy with its own seed.
    """
    for run in range(n_runs):
        loaders = [make_loader(sets[name].images, sets[name].labels) for name in SETS]
        seed_everything(seed_of(key, "unlearn", run, "run"))
        given = copy.deepcopy(net)
        returned = function(given, *loaders)
        yield (given if returned is None else returned).eval()


def repeated(images: Tensor, labels: Tensor, times: int) -> Examples:
    """Return examples that stand in their set so many times over."""
    return Examples(images.repeat(times, *[1] * (images.dim() - 1)), labels.repeat(times))


def baseline_at_length(name: str, family: str, factor: float) -> Unlearning:
    """Return the `unlearning` of a baseline whose constant EPOCHS is longer or shorter.

    Args:
        name: of a method that takes its length from EPOCHS.
        family: of tasks, see `baselines.common.FAMILIES`.
        factor: by which its length for that family is multiplied.

    Raises:
        ScorerError: the file has no such constant.
    """
    source = (BASELINES / f"{name}.py").read_text()
    constants = constants_of(source)
    if LENGTH not in constants:
        raise ScorerError(f"baselines/{name}.py must have a number {LENGTH} to be made longer")
    length = constants[LENGTH].at(family) * factor
    module = ModuleType(f"baselines.{name}_at_{length:g}")
    text = with_values(source, constants, family, {LENGTH: length})
    exec(compile(text, f"baselines/{name}.py", "exec", dont_inherit=True), module.__dict__)
    function: Unlearning = module.unlearning
    return function
