"""Where the states of unlearned models come from: a zip of checkpoints, or runs that kept them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors

from scorer.checkpoints.convert import Converter, Found
from scorer.checkpoints.layout import read_member
from scorer.oracles.pool import Pool
from scorer.runner.faults import Fault
from scorer.runner.folders import RunsFolder
from scorer.runner.shard import memory_per_worker_mib
from scorer.runner.weights import SIZE_FACTOR, SIZE_SLACK
from scorer.store import WEIGHTS


class States(ABC):
    """States by the number of their run."""

    group_size: int
    """How many are best read at once."""

    @abstractmethod
    def read(self, indices: Sequence[int]) -> Found:
        """Return the states of some runs, or their faults."""


class ZipStates(States):
    """Those in a zip of checkpoints, each read in a sandboxed process."""

    group_size = 16

    def __init__(self, told: Mapping[str, Any], pool: Pool, n_workers: int) -> None:
        """Prepare.

        Args:
            told: `path` of the zip, `members` in it by run, `sandbox`.
            pool: whose first original they are held against.
            n_workers: that share the machine.
        """
        self._path, self._members = Path(told["path"]), told["members"]
        original = pool.store("original").content(0, WEIGHTS)
        timeout_s, memory_mib = pool.task.definition.timeout_s, memory_per_worker_mib(n_workers)
        self._converter = Converter(original, told["sandbox"], timeout_s, memory_mib)
        self._most_bytes = int(SIZE_FACTOR * len(original)) + SIZE_SLACK

    def read(self, indices: Sequence[int]) -> Found:
        """See `States.read`."""
        found: Found = {}
        contents = {}
        for index in indices:
            content = read_member(self._path, self._members[index], self._most_bytes)
            if content is None:
                what = f"the checkpoint must have at most {self._most_bytes} bytes, has more"
                found[index] = Fault("shape_mismatch", what, run=index)
            else:
                contents[index] = content
        return {**found, **(self._converter.convert(contents) if contents else {})}


class KeptStates(States):
    """Those that runs kept beside their outputs, in a store that is sealed."""

    group_size = 1

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Prepare.

        Args:
            told: `runs`, their folder; `secret` and `models`, see `RunsFolder`.
        """
        folder = RunsFolder(Path(told["runs"]), told["secret"], told["models"])
        self._store = folder.store("run")

    def read(self, indices: Sequence[int]) -> Found:
        """See `States.read`.

        Raises:
            DamagedEntry: one is not as it was written.
        """
        return {each: load_tensors(self._store.content(each, WEIGHTS)) for each in indices}


def states_of(told: Mapping[str, Any], pool: Pool, n_workers: int) -> States:
    """Return the source that JSON values tell of."""
    return ZipStates(told, pool, n_workers) if "members" in told else KeptStates(told)
