"""Forget sets by name: every form, what it forgets, and what cannot be forgotten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_prep import RawData, load_raw
from scorer.engines.base import no_progress
from scorer.errors import UsageError
from scorer.options import Options
from scorer.tasks import TASKS
from scorer.tasks import load as loading
from scorer.tasks.forget import Material
from scorer.tasks.forget.easy import Easy
from scorer.tasks.forget.hard_random import HardRandom
from scorer.tasks.forget.spec import forms, name_of, parse_forget
from scorer.tasks.forget.subjects import Subjects
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import read_snapshot, save_snapshot
from scorer.tasks.task import SETS, Task
from tests._engine import InlineEngine
from tests.conftest import tiny_definition

pytestmark = pytest.mark.usefixtures("tiny_is_known")

N_TRAIN = 250
"""Of the tiny task."""


@pytest.fixture
def with_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the digits be of 60 people, and few of them be held out."""

    def load(*_: object, **__: object) -> RawData:
        raw = load_raw("digits", Path("data"))
        return replace(raw, subjects=np.arange(len(raw.labels), dtype=np.int64) % 60)

    monkeypatch.setattr(loading, "load_raw", load)
    monkeypatch.setitem(TASKS.members, "tiny", tiny_definition(n_test=200))


def load(forget: str, cache: Path = Path("no-cache"), split_seed: int = 0) -> Task:
    options = Options(
        task="tiny", forget=forget, split_seed=split_seed, cache_dir=cache, device="cpu"
    )
    return load_task(options, InlineEngine(1), no_progress)


def listed(folder: Path, indices: object, name: str = "list.txt") -> str:
    """Return the spec of a file that lists indices."""
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, np.asarray(indices))
    else:
        path.write_text(str(indices))
    return f"file:{path}"


def strata(task: Task) -> dict[str, int]:
    names, counts = np.unique(task.split.forget_stratum, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def test_the_tasks_own_is_what_it_was() -> None:
    plain, options = TASKS["tiny"].forget, Options(task="tiny", device="cpu")
    assert options.forget == "default"
    task = load_task(options, InlineEngine(1), no_progress)
    assert task.forget == "default"
    # Of the task as it was before a forget set could be named.
    assert task.fingerprint == "69c83f5a0a4b58872366b88a02b12ce9fd07f4e46c6019ba7f4374512a74471f"
    assert isinstance(plain, HardRandom)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("random:15", {"random": 15}),
        ("class:3:7", {"class 3": 7}),
        ("class:3", {"class 3": 26}),
        ("mislabelled:12", {"mislabelled": 12}),
    ],
)
def test_each_form_forgets_what_it_says(spec: str, wanted: dict[str, int]) -> None:
    task, own = load(spec), load("default")
    assert strata(task) == wanted
    assert task.forget == spec
    assert task.fingerprint != own.fingerprint
    np.testing.assert_array_equal(task.indices("train"), own.indices("train"))


def test_a_form_is_a_forget_set_on_every_split_and_of_one_name(tmp_path: Path) -> None:
    first, other = load("random:9"), load("random:9", split_seed=4)
    assert not np.array_equal(first.split.forget, other.split.forget)
    assert load("random:09").fingerprint == first.fingerprint
    # The same examples under two names are two tasks: their strata differ.
    again = load(listed(tmp_path, first.split.forget, "a.npy"))
    np.testing.assert_array_equal(again.split.forget, first.split.forget)
    assert again.fingerprint != first.fingerprint


def test_hard_and_easy_are_the_ends_of_one_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = tiny_definition(forget=HardRandom(n_hard=10, n_random=10, n_models=2))
    monkeypatch.setitem(TASKS.members, "tiny", definition)
    hard, easy = load("hard:60", tmp_path), load("easy:20", tmp_path)
    assert (strata(hard), strata(easy)) == ({"hard": 60}, {"easy": 20})
    own = load("default", tmp_path)
    options = Options(task="tiny", cache_dir=tmp_path, device="cpu")
    material = Material(definition, own.raw, options, InlineEngine(1), no_progress)
    rest = Easy(190).split(material)
    np.testing.assert_array_equal(rest.retain, hard.split.forget)
    assert set(easy.split.forget) < set(rest.forget)
    assert set(own.split.forget[own.split.forget_stratum == "hard"]) < set(hard.split.forget)


def test_a_class_forgotten_whole_is_gone_from_every_set_but_forget() -> None:
    task, own = load("class:3"), load("default")
    labels = {name: task.raw.labels[task.indices(name)] for name in SETS}
    assert set(labels["forget"]) == {3}
    assert [3 in labels[name] for name in ("retain", "val", "test")] == [False] * 3
    for name in ("val", "test"):
        kept = own.indices(name)[own.raw.labels[own.indices(name)] != 3]
        np.testing.assert_array_equal(task.indices(name), kept)
        dropped = len(own.indices(name)) - len(kept)
        assert task.split.notes[f"n_{name}_of_class_dropped"] == dropped > 0
    assert task.n_classes == 10
    part = load("class:3:7")
    np.testing.assert_array_equal(part.indices("test"), own.indices("test"))


def test_mislabelled_examples_have_other_labels_and_all_others_their_own() -> None:
    task, own = load("mislabelled:40"), load("default")
    changed = np.flatnonzero(task.raw.labels != own.raw.labels)
    np.testing.assert_array_equal(changed, task.split.forget)
    assert task.raw.labels.min() == 0
    assert task.raw.labels.max() == 9
    steps = (task.raw.labels - own.raw.labels)[changed] % 10
    assert len(set(steps.tolist())) > 5
    np.testing.assert_array_equal(load("mislabelled:40").raw.labels, task.raw.labels)


@pytest.mark.parametrize("spec", ["class:3", "mislabelled:12"])
def test_workers_read_what_was_chosen(spec: str, tmp_path: Path) -> None:
    task = load(spec)
    read = read_snapshot(save_snapshot(task, tmp_path))
    assert (read.forget, read.fingerprint) == (spec, task.fingerprint)
    np.testing.assert_array_equal(read.raw.labels, task.raw.labels)


@pytest.mark.parametrize(
    ("name", "content"),
    [("list.txt", "8 3\n5,100"), ("list.csv", "3, 5, 8,\n100\n"), ("list.npy", [100, 3, 8, 5])],
)
def test_a_file_is_known_by_what_it_lists(name: str, content: object, tmp_path: Path) -> None:
    task = load(listed(tmp_path, content, name))
    np.testing.assert_array_equal(task.split.forget, [3, 5, 8, 100])
    assert task.forget == load(listed(tmp_path, "100 8 5 3", "other")).forget
    assert task.forget != load(listed(tmp_path, "100 8 5", "third")).forget
    assert "list" not in task.forget


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    spec = listed(tmp_path, "3 5")
    (tmp_path / "link").symlink_to(spec.removeprefix("file:"))
    assert name_of(f"file:{tmp_path / 'link'}") == name_of(spec)


def test_listed_examples_are_trained_on_wherever_the_split_had_them(tmp_path: Path) -> None:
    own = load("default")
    held_out = [own.indices("val")[0], own.indices("test")[5]]
    task = load(listed(tmp_path, held_out, "a.npy"))
    np.testing.assert_array_equal(task.split.forget, np.sort(held_out))
    inside = load(listed(tmp_path, own.indices("retain")[:4], "b.npy"))
    np.testing.assert_array_equal(inside.indices("test"), own.indices("test"))


@pytest.mark.usefixtures("with_subjects")
def test_subjects_are_forgotten_whole_and_each_named_one_is_a_stratum() -> None:
    task = load("subject:7,2")
    assert task.raw.subjects is not None
    assert task.forget == "subject:2,7"
    assert set(strata(task)) == {"subject 2", "subject 7"}
    people = {name: set(task.raw.subjects[task.indices(name)].tolist()) for name in SETS}
    assert people["forget"] == {2, 7}
    assert sum(map(len, people.values())) == 60
    drawn = load("subjects:3")
    assert len(set(drawn.raw.subjects[drawn.split.forget].tolist())) == 3  # type: ignore[index]


@pytest.mark.usefixtures("with_subjects")
def test_the_tasks_own_by_its_form_is_the_tasks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = tiny_definition(n_test=200, forget=Subjects(n_subjects=3))
    monkeypatch.setitem(TASKS.members, "tiny", definition)
    own, named = load("default"), load("subjects:3")
    assert (named.forget, named.fingerprint) == ("default", own.fingerprint)
    assert load("subjects:4").forget == "subjects:4"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("clas:3", "unknown forget set 'clas:3'. Did you mean class:C"),
        ("class", "unknown forget set 'class'"),
        ("default:3", "unknown forget set 'default:3'. Did you mean default"),
        ("random:0", "--forget random:K must have a whole number from 1 for each capital, got '0'"),
        ("hard:-3", "must have a whole number from 1 for each capital, got '-3'"),
        ("easy:1.5", "must have a whole number from 1 for each capital, got '1.5'"),
        ("mislabelled:", "must have a whole number from 1 for each capital, got ''"),
        ("class:x", "--forget class:C must have a whole number from 0"),
        ("class:3:0", "--forget class:C:K must have a whole number from 1"),
        ("class:3:4:5", "--forget class:C:K must have a whole number from 1"),
        ("random:٣", "must have a whole number from 1"),
        ("random:" + "9" * 30, "must have a whole number from 1"),
        ("subject:a,b", "must name subjects by number, with commas between, got 'a'"),
        ("subject:1,,2", "must name subjects by number, with commas between, got ''"),
        ("subject:1,01", "must name each subject once"),
        ("file:", "--forget file:PATH must name a file; write whole numbers"),
        ("file:not-there.txt", "must name a file that can be read"),
        ("file:tests", "must name a file that can be read"),
    ],
)
def test_what_has_no_form_is_refused_before_anything_is_read(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Options(task="tiny", forget=spec)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "must list indices, each of them once, got none"),
        ("a.txt", "3 5 3", "must list indices, each of them once, got 1 of them twice"),
        ("a.txt", "3 five", "must list whole numbers, got 'five'"),
        ("a.txt", "-3", "must list whole numbers, got '-3'"),
        ("a.npy", [[1, 2]], "must hold a vector of integers, got int64 of shape (1, 2)"),
        ("a.npy", [0.5], "must hold a vector of integers, got float64 of shape (1,)"),
        ("a.npy", [True, False], "must hold a vector of integers, got bool"),
    ],
)
def test_a_file_that_is_no_list_is_refused(
    name: str, content: object, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        parse_forget(listed(tmp_path, content, name))
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"not an array"])
def test_an_array_that_cannot_be_read_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(UsageError, match="must be a NumPy array"):
        parse_forget(f"file:{tmp_path / 'a.npy'}")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("random:250", "must be fewer than the 250 train examples, got 250: some have to be"),
        ("hard:300", "must be fewer than the 250 train examples, got 300"),
        ("mislabelled:250", "must be fewer than the 250 train examples, got 250"),
        ("class:10", "must be one of the train examples, got class 10; there are [0, 1, 2"),
        ("class:3:26", "fewer than the 26 train examples of class 3 (class:3 forgets them all)"),
        ("random:249", "retain must keep examples of every class, got none of [0, 1"),
        ("subjects:2", "must say whom each image is of to forget whole subjects, and do not; `cel"),
        ("subject:2", "must say whom each image is of to forget whole subjects, and do not; `cel"),
    ],
)
def test_what_does_not_fit_the_data_is_refused(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert str(caught.value).startswith(f"--forget {spec}, task tiny: ")
    assert message in str(caught.value)


def test_listed_examples_must_be_there_and_leave_every_class(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must be from 0 to 1796, got 1 that are not, such as \["):
        load(listed(tmp_path, "3 1797"))
    task = load("default")
    of_class = task.indices("train")[task.raw.labels[task.indices("train")] == 4]
    with pytest.raises(UsageError, match=r"got none of \[4\]; .* as a whole by --forget class:4"):
        load(listed(tmp_path, of_class, "a.npy"))
    with pytest.raises(UsageError, match="must name at least one and not all of the 250 train"):
        load(listed(tmp_path, task.indices("train"), "a.npy"))


def test_examples_of_an_official_test_set_cannot_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_raw("digits", Path("data"))
    is_test = np.arange(len(whole.labels)) >= 300
    raw = replace(whole, is_official_test=is_test)
    monkeypatch.setattr(loading, "load_raw", lambda *_, **__: raw)
    monkeypatch.setitem(TASKS.members, "tiny", tiny_definition(n_test=None))
    with pytest.raises(UsageError, match=r"got 1 of the official test set, .* such as \[300\]"):
        load(listed(tmp_path, "3 300"))


def test_two_classes_or_more_are_retained(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load_raw("digits", Path("data"))
    raw = replace(whole, labels=(whole.labels > 4).astype(np.int64), n_classes=2)
    monkeypatch.setattr(loading, "load_raw", lambda *_, **__: raw)
    with pytest.raises(UsageError, match=r"must keep two classes or more, got \[0\] alone"):
        load("class:1")


@pytest.mark.usefixtures("with_subjects")
def test_a_subject_that_nobody_is_is_refused() -> None:
    with pytest.raises(UsageError, match=r"got \[99\], which have none; such are \[0, 1, 2"):
        load("subject:3,99")
    with pytest.raises(UsageError, match="`n_subjects` must be at least 1 and below the"):
        load("subjects:60")


def test_every_kind_with_a_form_reads_it_back(tmp_path: Path) -> None:
    examples = {
        "random:K": "random:3",
        "hard:K": "hard:3",
        "easy:K": "easy:3",
        "mislabelled:K": "mislabelled:3",
        "class:C": "class:0",
        "class:C:K": "class:0:3",
        "subject:ID[,ID]": "subject:-1,4",
        "subjects:K": "subjects:3",
    }
    assert forms().keys() - examples.keys() == {"file:PATH"}
    for spec in examples.values():
        found = parse_forget(spec)
        assert found is not None
        assert (found.spec, parse_forget(found.spec)) == (spec, found)
        assert found.size >= 1
    kind = parse_forget(listed(tmp_path, "3 5"))
    assert kind is not None
    assert kind.size == 2
