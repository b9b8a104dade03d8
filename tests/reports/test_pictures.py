"""The images of a forget set, wherever they are, or the reason why there are none."""

from __future__ import annotations

import base64
import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scorer.engines import LocalEngine
from scorer.engines.base import no_progress
from scorer.errors import ScorerError
from scorer.options import Options
from scorer.reports.pictures import MOST_SIDE, data_uri, pictures_of, read_pictures
from scorer.tasks.load import load_task
from scorer.tasks.snapshot import save_snapshot, snapshots_dir
from scorer.tasks.task import Task
from tests.results._records import make_record


def decoded(uri: str) -> Image.Image:
    """Return the image in an address."""
    kind, _, content = uri.partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def of_shape(task: Task, *shape: int) -> Task:
    """Return the task with images of another shape."""
    images = np.zeros((len(task.raw.images), *shape), dtype=np.uint8)
    n = shape[0]
    raw = dataclasses.replace(task.raw, images=images, mean=(0.5,) * n, std=(0.5,) * n,
                              value_range=255.0)  # fmt: skip
    return dataclasses.replace(task, raw=raw)


def test_grey_images_fill_their_range(tiny_task: Task) -> None:
    found = pictures_of(tiny_task)
    assert found.images is not None and found.images.dtype == np.uint8
    assert found.images.max() == 255 and found.images.min() == 0
    forget = tiny_task.indices("forget")
    assert found.labels.tolist() == tiny_task.raw.labels[forget].tolist()
    image = decoded(found.source(0) or "")
    assert np.array_equal(np.asarray(image), found.images[0, 0])


def test_colours_keep_their_order() -> None:
    image = np.zeros((3, 5, 7), dtype=np.uint8)
    image[0], image[2, 1, 2] = 200, 90
    shown = decoded(data_uri(image))
    assert shown.size == (7, 5)
    assert shown.getpixel((2, 1)) == (200, 0, 90)


def test_large_images_become_small() -> None:
    shown = decoded(data_uri(np.zeros((3, 300, 200), dtype=np.uint8)))
    assert max(shown.size) == MOST_SIDE


@pytest.mark.parametrize("shape", [(1, 1, 2), (2, 8, 8), (4, 8, 8), (1, 3, 40)])
def test_what_is_no_picture_says_so(tiny_task: Task, shape: tuple[int, ...]) -> None:
    found = pictures_of(of_shape(tiny_task, *shape))
    assert found.images is None and found.source(0) is None
    assert f"are no pictures: {' x '.join(map(str, shape))} values" in found.problem


def test_the_copy_in_the_cache_is_found_by_the_fingerprint(tiny_task: Task, tmp_path: Path) -> None:
    save_snapshot(tiny_task, snapshots_dir(tmp_path))
    record = make_record(task="a task that nobody knows", fingerprint=tiny_task.fingerprint)
    n = len(tiny_task.split.forget)
    found = read_pictures(record, tmp_path, tmp_path, n)
    assert found.indices.tolist() == tiny_task.indices("forget").tolist()
    with pytest.raises(ScorerError, match="another task by now"):
        read_pictures(record, tmp_path, tmp_path, n + 1)


def test_without_a_copy_the_data_set_is_read_and_nothing_trained(tmp_path: Path) -> None:
    record = make_record(task="digits", fingerprint="0" * 64)
    with pytest.raises(ScorerError, match="digits is another task by now"):
        read_pictures(record, tmp_path, tmp_path, 130)
    with pytest.raises(ScorerError, match="would have to be trained"):
        read_pictures(make_record(task="digits", split_seed=7), tmp_path, tmp_path, 130)


@pytest.mark.parametrize("task", ["fashion_mnist", "celeba", "a task that nobody knows"])
def test_missing_data_are_said(tmp_path: Path, task: str) -> None:
    with pytest.raises(ScorerError, match=f"the examples of {task} cannot be read here"):
        read_pictures(make_record(task=task), tmp_path, tmp_path, 130)


def test_a_damaged_copy_is_passed_over(tiny_task: Task, tmp_path: Path) -> None:
    path = save_snapshot(tiny_task, snapshots_dir(tmp_path))
    (path / "00000" / "arrays.safetensors").write_bytes(b"")
    record = make_record(fingerprint=tiny_task.fingerprint)
    with pytest.raises(ScorerError, match="digits is another task by now"):
        read_pictures(record, tmp_path, tmp_path, 20)


def test_another_forget_set_of_a_task_is_read_by_its_name(tmp_path: Path) -> None:
    options = Options(task="digits", forget="class:3", data_dir=tmp_path, cache_dir=tmp_path)
    task = load_task(options, LocalEngine(1), no_progress)
    record = make_record(task="digits", forget="class:3", fingerprint=task.fingerprint)
    found = read_pictures(record, tmp_path, tmp_path, len(task.split.forget))
    assert set(found.labels.tolist()) == {3}
    listed = make_record(task="digits", forget="file:0123456789abcdef", fingerprint="0" * 64)
    with pytest.raises(ScorerError, match="the list of examples is not in the record"):
        read_pictures(listed, tmp_path, tmp_path, 130)
