"""EasyDUB's layout of margins, on a made copy: read as banks, or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scorer.bank.easydub import read_easydub
from scorer.errors import UsageError
from scorer.metric.rules import make_rule

N_ORACLES, N_ORIGINALS, N_EXAMPLES = 16, 8, 5


def layout(root: Path, number: int = 2) -> Path:
    """Write margins as they are published."""
    rng = np.random.default_rng(0)
    base = root / "margins" / "cifar10"
    oracle = base / "oracle" / f"forget_{number}" / "forget" / "resnet9"
    original = base / "pretrain" / f"forget_{number}" / "resnet9"
    for folder, n_models, mean in ((oracle, N_ORACLES, 0.0), (original, N_ORIGINALS, 8.0)):
        folder.mkdir(parents=True)
        for model in range(n_models):
            margins = rng.normal(mean, 1.0, N_EXAMPLES).astype(np.float32)
            np.save(folder / f"id_{model}_epoch_23.npy", margins)
    listed = root / "forget_sets" / "cifar10"
    listed.mkdir(parents=True, exist_ok=True)
    np.save(listed / f"forget_set_{number}.npy", np.arange(N_EXAMPLES))
    return base


def test_half_of_the_oracles_are_the_ceiling_of_the_other(tmp_path: Path) -> None:
    base = layout(tmp_path)
    layout(tmp_path, 10)
    found = read_easydub(tmp_path)
    assert [each.number for each in found] == [2, 10]
    first = found[0]
    assert first.oracle.shape == first.control.shape == first.original.shape == (8, N_EXAMPLES)
    folder = base / "oracle" / "forget_2" / "forget" / "resnet9"
    np.testing.assert_array_equal(first.oracle[3], np.load(folder / "id_3_epoch_23.npy"))
    np.testing.assert_array_equal(first.control[0], np.load(folder / "id_8_epoch_23.npy"))
    qualities = first.qualities(make_rule("competition"))
    assert qualities["original"] == 0 < qualities["ceiling"]
    own = first.write(tmp_path / "out")
    np.testing.assert_array_equal(np.load(own / "oracle.npy"), first.oracle)


def test_infinite_margins_are_cut_off(tmp_path: Path) -> None:
    base = layout(tmp_path)
    path = base / "pretrain" / "forget_2" / "resnet9" / "id_0_epoch_23.npy"
    np.save(path, np.array([np.inf, -np.inf, 0, 0, 0], np.float32))
    assert read_easydub(tmp_path)[0].original[0].tolist() == [100.0, -100.0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("id_1_epoch_23.npy", np.zeros(N_EXAMPLES + 1), "must have a margin of 5 examples, got"),
        ("id_1_epoch_23.npy", np.full(N_EXAMPLES, np.nan), "got NaN among them"),
        ("id_1_epoch_23.npy", np.zeros((2, N_EXAMPLES)), "must be a vector of numbers"),
        ("id_1_epoch_23.npy", np.array(["a"] * N_EXAMPLES), "must be a vector of numbers"),
        ("id_99_epoch_24.npy", np.zeros(N_EXAMPLES), "models of one last epoch, got"),
    ],
)
def test_arrays_of_another_form_are_named(
    tmp_path: Path, name: str, content: np.ndarray, said: str
) -> None:
    base = layout(tmp_path)
    np.save(base / "oracle" / "forget_2" / "forget" / "resnet9" / name, content)
    with pytest.raises(UsageError, match=said):
        read_easydub(tmp_path)


def test_pickles_and_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="got no such folder"):
        read_easydub(tmp_path)
    base = layout(tmp_path)
    path = base / "pretrain" / "forget_2" / "resnet9" / "id_0_epoch_23.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UsageError, match=r"must be an \.npy file of numbers"):
        read_easydub(tmp_path)
    for each in path.parent.iterdir():
        each.unlink()
    with pytest.raises(UsageError, match="got no such file"):
        read_easydub(tmp_path)
