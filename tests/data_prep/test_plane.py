"""Points in the plane: the law that they are drawn from, and that they are the same everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from data_prep import DamagedData, load_raw, plane
from data_prep.leakage import first_copies
from data_prep.plane import CELLS, WINDOW, Mixture, coordinates, draw_points, raw_points

CENTRES = np.array([[-9.0, 0.0], [9.0, 0.0], [0.0, 12.0]])
TOWARDS = np.array([[0.0, 0.75, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])


def mixture(**changes: Any) -> Mixture:
    values = {"centres": CENTRES, "towards": TOWARDS, "spread": 0.5, "stray_share": 0.0,
              "stray_spread": 1.0, "reach": 0.0}  # fmt: skip
    return Mixture(**{**values, **changes})


def test_the_kept_points_are_a_data_set_of_ten_classes() -> None:
    raw = load_raw("plane", "anywhere")
    assert raw.images.shape == (plane.N_POINTS, 2, 1, 1)
    assert np.bincount(raw.labels).tolist() == [plane.N_POINTS // 10] * 10
    assert not raw.has_official_test
    assert (first_copies(raw.images) == np.arange(plane.N_POINTS)).all()
    cells = raw.images.astype(np.float64) * CELLS
    np.testing.assert_array_equal(cells, np.rint(cells))


def test_a_network_sees_coordinates_in_the_units_of_the_mixture() -> None:
    raw = raw_points(mixture(), 300, 0)
    seen = raw.normalised(np.arange(300))[:, :, 0, 0]
    np.testing.assert_allclose(seen, coordinates(raw), atol=1e-4)
    for which, centre in enumerate(CENTRES):
        np.testing.assert_allclose(seen[raw.labels == which].mean(axis=0), centre, atol=0.25)


@pytest.mark.parametrize("seed", [0, 1, 77])
def test_points_follow_from_law_and_seed(seed: int) -> None:
    raw = load_raw("plane", "anywhere", split_seed=seed)
    assert raw.content_sha256() == load_raw("plane", "x", split_seed=seed).content_sha256()
    other = load_raw("plane", "anywhere", split_seed=seed + 1)
    both = np.concatenate([raw.images, other.images])
    assert (first_copies(both) == np.arange(len(both))).all()
    assert not np.array_equal(raw.labels, other.labels)


def test_another_law_has_its_labels_in_another_order() -> None:
    """By its labels is told that something was measured on points of another law."""
    first, second = (raw_points(mixture(spread=spread), 60, 0) for spread in (0.5, 0.6))
    assert not np.array_equal(first.labels, second.labels)


@pytest.mark.parametrize("spread", [0.25, 1.0, 2.0])
def test_cores_are_normal(spread: float) -> None:
    points, labels = draw_points(mixture(spread=spread), 6000, "core")
    away = (points.astype(np.float64) - 0.5) * WINDOW - CENTRES[labels]
    # Standard error of a standard deviation: itself over the root of twice the number.
    assert away.std() == pytest.approx(spread, rel=5 / np.sqrt(2 * 12_000))
    assert abs(away.mean()) < 5 * spread / np.sqrt(12_000)
    assert np.mean(np.abs(away) < spread) == pytest.approx(0.6827, abs=0.025)


@pytest.mark.parametrize(("share", "reach"), [(0.1, 0.5), (0.3, 1.0), (1.0, 0.25)])
def test_strays_go_towards_other_classes(share: float, reach: float) -> None:
    law = mixture(stray_share=share, stray_spread=0.01, spread=0.01, reach=reach)
    points, labels = draw_points(law, 9000, "stray")
    places = (points.astype(np.float64) - 0.5) * WINDOW
    for own in range(3):
        mine = places[labels == own]
        found = []
        for other in range(3):
            aim = CENTRES[own] + (reach if other != own else 0.0) * (CENTRES[other] - CENTRES[own])
            found.append(np.mean(np.abs(mine - aim).max(axis=1) < 0.2))
        wanted = share * TOWARDS[own]
        wanted[own] = 1 - share
        np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"centres": np.zeros((1, 2))}, "at least 2 classes"),
        ({"towards": np.zeros((3, 2))}, "n_classes, n_classes"),
        ({"centres": CENTRES * 4}, "`centres` must lie within 32"),
        ({"centres": CENTRES * np.nan}, "`centres` must lie within 32"),
        ({"towards": TOWARDS * 2}, "sum to 1"),
        ({"towards": np.eye(3)}, "0 for the own"),
        ({"spread": 0.0}, "`spread` must be positive"),
        ({"stray_spread": float("nan")}, "`stray_spread` must be positive"),
        ({"stray_share": 1.5}, r"`stray_share` must be in \[0, 1\]"),
        ({"reach": -0.1}, r"`reach` must be in \[0, 1\]"),
    ],
)
def test_what_is_no_mixture_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mixture(**change)


def test_a_mixture_survives_its_file() -> None:
    law = mixture(stray_share=0.125)
    again = Mixture.from_dict(json.loads(json.dumps(law.as_dict())))
    first, second = (raw_points(each, 50, 3) for each in (law, again))
    assert first.content_sha256() == second.content_sha256()
    assert first.content_sha256() != raw_points(replace(law, reach=0.5), 50, 3).content_sha256()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"mixture": 3}', '{"mixture": {"spread": 1}}'])
def test_damaged_parameters_say_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, text: str
) -> None:
    monkeypatch.setattr(plane, "FILE", tmp_path / "plane.json")
    plane.FILE.write_text(text)
    with pytest.raises(DamagedData, match="put the file back"):
        load_raw("plane", "anywhere")
