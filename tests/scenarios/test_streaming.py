"""A stream of requests: who is asked for when, and what the state after each is scored on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data_prep import LeakError
from data_prep.sets import check_disjoint
from scorer.errors import UsageError
from scorer.scenarios import make_scenario
from scorer.scenarios.streaming import forgetting, in_order
from scorer.tasks.task import SETS, Task


@pytest.fixture
def stratified(tiny_task: Task) -> Task:
    """Return the tiny task with six hard examples among its twenty."""
    strata = np.where(np.arange(20) % 3 == 1, "hard", "random")[:20]
    strata[-1] = "random"
    assert (strata == "hard").sum() == 6
    return replace(tiny_task, split=replace(tiny_task.split, forget_stratum=strata))


@pytest.mark.parametrize("n_requests", [2, 3, 7, 20])
def test_every_example_is_requested_once(tiny_task: Task, n_requests: int) -> None:
    requests = make_scenario(f"streaming:{n_requests}").requests(tiny_task)
    sizes = [len(request.asked) for request in requests]
    assert len(sizes) == n_requests
    assert max(sizes) - min(sizes) <= 1
    asked = np.concatenate([request.asked for request in requests])
    np.testing.assert_array_equal(np.sort(asked), tiny_task.split.forget)
    check_disjoint({str(request.number): request.asked for request in requests})
    assert [request.number for request in requests] == list(range(1, n_requests + 1))
    assert [request.is_last for request in requests] == [False] * (n_requests - 1) + [True]


def test_each_state_is_scored_on_what_was_requested_so_far(tiny_task: Task) -> None:
    requests = make_scenario("streaming:4").requests(tiny_task)
    so_far: list[int] = []
    for request in requests:
        so_far += request.asked.tolist()
        np.testing.assert_array_equal(request.task.split.forget, sorted(so_far))
        for name in ("train", "val", "test"):
            np.testing.assert_array_equal(request.task.indices(name), tiny_task.indices(name))
        sets = {name: request.task.indices(name) for name in SETS}
        check_disjoint(sets)
        assert request.gives_retain
    fingerprints = {request.task.fingerprint for request in requests}
    assert len(fingerprints) == 4
    assert requests[-1].task is tiny_task, "whose oracles are there already"
    with pytest.raises(LeakError):
        check_disjoint({"asked": requests[0].asked, "so far": requests[1].task.split.forget})


def test_streams_of_other_lengths_share_the_states_they_have_in_common(tiny_task: Task) -> None:
    two, four = (make_scenario(f"streaming:{k}").requests(tiny_task) for k in (2, 4))
    assert two[0].task.fingerprint == four[1].task.fingerprint
    assert two[0].task.fingerprint != four[0].task.fingerprint


def test_every_beginning_has_its_share_of_each_stratum(stratified: Task) -> None:
    order = np.concatenate(in_order(stratified))
    is_hard = np.isin(order, stratified.split.forget[stratified.split.forget_stratum == "hard"])
    for n_first in range(1, 21):
        assert abs(is_hard[:n_first].sum() - n_first * 6 / 20) <= 1
    for request in make_scenario("streaming:3").requests(stratified):
        split = request.task.split
        hard = split.forget[split.forget_stratum == "hard"]
        np.testing.assert_array_equal(np.isin(hard, order[is_hard]), True)
        assert abs(len(hard) - len(split.forget) * 6 / 20) <= 1


def test_the_task_alone_decides_the_order(tiny_task: Task) -> None:
    one, same = (np.concatenate(in_order(tiny_task)) for _ in range(2))
    other = np.concatenate(in_order(replace(tiny_task, split_seed=1)))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, np.sort(one))


def test_who_is_forgotten_is_requested_whole(tiny_task: Task) -> None:
    raw = replace(tiny_task.raw, subjects=np.arange(len(tiny_task.raw.labels)) // 300)
    people = replace(tiny_task, raw=raw)
    asked_for = [
        {int(who) for who in raw.subjects[request.asked]}
        for request in make_scenario("streaming:2").requests(people)
    ]
    assert not asked_for[0] & asked_for[1]
    assert asked_for[0] | asked_for[1] == set(raw.subjects[tiny_task.split.forget].tolist())


def test_more_requests_than_there_is_to_forget_are_refused(tiny_task: Task) -> None:
    wanted = r"streaming:21 needs as many examples to forget as requests, got 20 of task tiny"
    with pytest.raises(UsageError, match=wanted):
        make_scenario("streaming:21").requests(tiny_task)
    people = replace(tiny_task, raw=replace(tiny_task.raw, subjects=np.zeros(1797, dtype=np.int64)))
    with pytest.raises(UsageError, match=r"as many subjects, each requested whole, .* got 1"):
        make_scenario("streaming:2").requests(people)


def test_a_part_lies_in_the_forget_set(tiny_task: Task) -> None:
    retained = tiny_task.split.retain[:2]
    with pytest.raises(ValueError, match=f"got 2 that are not, such as \\[{retained[0]}"):
        forgetting(tiny_task, retained)
