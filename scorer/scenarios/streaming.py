"""Requests one after the other: each starts from the model that the last one left."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from data_prep.seeding import random_order
from scorer.errors import UsageError
from scorer.scenarios.base import Request, Scenario

if TYPE_CHECKING:
    from scorer.tasks.task import Task

NUMBER = re.compile(r"[1-9][0-9]*")


@dataclass(frozen=True)
class Streaming(Scenario):
    """The forget set arrives in K parts.

    What is requested first is the same for every K: the first half of eight requests is the first
    of two. So scenarios of several K share oracles where what was requested so far is the same.

    Attributes:
        n_requests: K.
    """

    name: ClassVar[str] = "streaming"
    summary: ClassVar[str] = "streaming:K, K requests, each on the model that the last one left"
    is_stream: ClassVar[bool] = True

    n_requests: int

    @classmethod
    def parse(cls, typed: str, number: str) -> Streaming:
        """See `Scenario.parse`."""
        if not NUMBER.fullmatch(number) or int(number) < 2:
            raise UsageError(
                "--scenario streaming:K must have a whole number K of requests, at least 2, got"
                f" {typed!r}; type streaming:4"
            )
        return cls(int(number))

    @property
    def title(self) -> str:
        """Return "streaming:K"."""
        return f"{self.name}:{self.n_requests}"

    def requests(self, task: Task) -> list[Request]:
        """Return the K requests.

        Raises:
            UsageError: there are fewer examples, or people they are of, than requests.
        """
        groups = in_order(task)
        if len(groups) < self.n_requests:
            what = "examples" if task.raw.subjects is None else "subjects, each requested whole,"
            raise UsageError(
                f"--scenario {self.title} needs as many {what} to forget as requests, got"
                f" {len(groups)} of task {task.name}; ask for fewer requests"
            )
        edges = [len(groups) * number // self.n_requests for number in range(self.n_requests + 1)]
        found: list[Request] = []
        for number, (begin, end) in enumerate(pairwise(edges), start=1):
            so_far = np.sort(np.concatenate(groups[:end]))
            is_last = number == self.n_requests
            found.append(
                Request(
                    task if is_last else forgetting(task, so_far),
                    np.sort(np.concatenate(groups[begin:end])),
                    after=found[-1] if found else None,
                    is_last=is_last,
                )
            )
        return found


def forgetting(task: Task, indices: np.ndarray) -> Task:
    """Return the task of forgetting a part of its forget set: the rest of it is retained.

    Args:
        task: with its data.
        indices: `(n,)` sorted, of examples in its forget set.

    Raises:
        ValueError: an index is not in it.
    """
    split = task.split
    outside = np.setdiff1d(indices, split.forget)
    if outside.size:
        raise ValueError(
            f"`indices` must be in the forget set of task {task.name}, got {outside.size} that are"
            f" not, such as {outside[:3].tolist()}"
        )
    chosen = np.isin(split.forget, indices)
    retain = np.sort(np.concatenate([split.retain, split.forget[~chosen]]))
    part = replace(
        split,
        retain=retain,
        forget=split.forget[chosen],
        forget_stratum=split.forget_stratum[chosen],
        notes={**split.notes, "n_requested": int(chosen.sum())},
    )
    return replace(task, split=part)


def in_order(task: Task) -> list[np.ndarray]:
    """Return the forget set in the order in which it is requested, a function of the task alone.

    However far one goes, each stratum has been requested in proportion to its size.

    Returns:
        Index arrays: one example each, or all those of one subject where subjects are known.
    """
    split, subjects = task.split, task.raw.subjects
    if subjects is None:
        groups = [split.forget[k : k + 1] for k in range(len(split.forget))]
    else:
        own = subjects[split.forget]
        groups = [split.forget[own == subject] for subject in np.unique(own)]
    first = np.array([group[0] for group in groups])
    strata = split.forget_stratum[np.searchsorted(split.forget, first)]
    key = (task.raw.name, task.split_seed, "streaming")
    place = np.empty(len(groups))
    for stratum in np.unique(strata):
        (members,) = np.nonzero(strata == stratum)
        order = members[random_order(len(members), *key, str(stratum))]
        # Spread evenly over the whole, so that every beginning has its share.
        place[order] = (np.arange(len(members)) + 0.5) / len(members)
    return [groups[k] for k in np.argsort(place, kind="stable")]
