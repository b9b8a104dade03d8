from __future__ import annotations

import numpy as np
import pytest

from data_prep.raw import arrays_sha256

OTHER_VALUES = {
    "labels": np.repeat([0, 1, 2], [30, 40, 30]),
    "n_classes": 4,
    "is_official_test": np.arange(100) == 99,
    "mean": (0.5, 0.41),
    "std": (0.25, 0.21),
    "value_range": 256.0,
    "source": "made up elsewhere",
}


def test_normalised_is_the_formula_in_the_order_asked_for(make_raw):
    raw = make_raw()
    found = raw.normalised([5, 2, 5])
    expected = raw.images[[5, 2, 5]] / 255.0
    expected = (expected - np.array([0.5, 0.4])[:, None, None]) / np.array([0.25, 0.2])[
        :, None, None
    ]
    assert found.dtype == np.float32
    assert found.shape == (3, 2, 4, 3)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_normalised_leaves_the_images_alone_and_may_be_written_to(make_raw):
    raw = make_raw(images=np.full((100, 2, 4, 3), 0.5, np.float32), value_range=1.0)
    raw.normalised(np.arange(3))[:] = 9
    assert (raw.images == 0.5).all()


@pytest.mark.parametrize("indices", [[-1], [100], [0.0], [[1]], [True, False]])
def test_normalised_refuses_what_is_not_an_index(make_raw, indices):
    with pytest.raises(ValueError, match="`indices` must be"):
        make_raw().normalised(indices)


def test_arrays_are_read_only_and_the_callers_stay_writeable(make_raw):
    labels = np.repeat([0, 1, 2], [40, 30, 30])
    raw = make_raw(labels=labels)
    for array in (raw.images, raw.labels, raw.is_official_test):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    labels[0] = 0


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_content_hash_depends_on_every_field_but_the_name(make_raw, field):
    base = make_raw().content_sha256()
    assert make_raw(**{field: OTHER_VALUES[field]}).content_sha256() != base


def test_content_hash_is_the_same_for_the_same_content(make_raw):
    raw = make_raw()
    scattered = np.asfortranarray(raw.images)
    assert make_raw(images=scattered, name="renamed").content_sha256() == raw.content_sha256()


def test_content_hash_sees_one_pixel_shape_and_dtype(make_raw):
    raw = make_raw()
    pixel = raw.images.copy()
    pixel[50, 1, 2, 2] ^= 1
    turned = raw.images.reshape(100, 2, 3, 4)
    floats = raw.images.astype(np.float32)
    hashes = {make_raw(images=images).content_sha256() for images in (pixel, turned, floats)}
    assert len(hashes | {raw.content_sha256()}) == 4


def test_array_hash_does_not_depend_on_the_byte_order():
    images = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    labels = np.array([0, 1])
    swapped = arrays_sha256(images.astype(">f4"), labels.astype(">i8"))
    assert swapped == arrays_sha256(images, labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "`name`"),
        ({"source": ""}, "`source`"),
        ({"images": np.zeros((100, 4, 3), np.uint8)}, "`images` must have shape"),
        ({"images": np.zeros((100, 2, 0, 3), np.uint8)}, "no axis empty"),
        ({"images": np.zeros((100, 2, 4, 3), np.int64)}, "uint8 or float32"),
        ({"images": np.full((100, 2, 4, 3), np.nan, np.float32)}, "got nan"),
        ({"images": np.full((100, 2, 4, 3), -0.1, np.float32)}, "must be in"),
        ({"images": np.full((100, 2, 4, 3), 17, np.uint8), "value_range": 16.0}, "17.0"),
        ({"value_range": 0.0}, "`value_range`"),
        ({"labels": np.zeros(99, np.int64)}, "`labels`"),
        ({"labels": np.zeros(100, np.int32)}, "`labels`"),
        ({"labels": np.full(100, 3)}, "in \\[0, 3\\), got 3"),
        ({"labels": np.full(100, -1)}, "in \\[0, 3\\), got -1"),
        ({"n_classes": 1, "labels": np.zeros(100, np.int64)}, "`n_classes`"),
        ({"is_official_test": np.zeros(100, np.int64)}, "`is_official_test`"),
        ({"mean": (0.5,)}, "`mean`"),
        ({"std": (0.5, np.inf)}, "`std`"),
        ({"std": (0.5, 0.0)}, "`std` of 'made_up' must be positive"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_name(make_raw, changes, message):
    with pytest.raises(ValueError, match=message):
        make_raw(**changes)
