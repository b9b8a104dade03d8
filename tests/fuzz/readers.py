"""Everything that reads what a run or somebody's disk may hold, to be given any bytes.

Each reader takes the bytes of a file and may raise the errors that it says it raises, no others.
`tests/fuzz/test_readers.py` gives them bytes by hypothesis; by hand, a coverage-guided fuzzer finds
more of what they can be given:

    pip install atheris
    python -m tests.fuzz record -max_total_time=600
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from data_prep.arrays import load_arrays
from data_prep.elsewhere import ARRAY_FILES
from data_prep.raw import DamagedData
from scorer.bank.file import ABOUT, ACCURACIES, ROLES, BankFile, member_of
from scorer.checkpoints.layout import read_member
from scorer.errors import ScorerError
from scorer.host.handed_in import read_handed_in
from scorer.results.arrays import read_npz
from scorer.results.record import read_record
from scorer.runner.adapt.notebooks import read_notebook
from scorer.runner.load import Submission
from scorer.runner.messages import FIGURES, Unbelievable, read_answer, read_status
from scorer.runner.weights import MODEL, forms_of, read_state
from scorer.store import ARRAYS, MANIFEST, DamagedEntry, Seal, Store
from tests.results._records import make_record

MEMBER = "unlearned_checkpoint_0.pth"


@dataclass(frozen=True)
class Reader:
    """One reader.

    Attributes:
        read: called with the bytes of a file and an empty folder.
        good: bytes that it reads without an error.
        raises: errors that it may raise.
    """

    read: Callable[[bytes, Path], Any]
    good: Callable[[], bytes]
    raises: tuple[type[Exception], ...]

    def try_on(self, content: bytes) -> Exception | None:
        """Return the error that it raises of those that it may, None where it raises none."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                self.read(content, Path(folder))
            except self.raises as error:
                return error
        return None


def written(path: Path, content: bytes) -> Path:
    """Return the path of a file of that content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def weights() -> bytes:
    """Return a small state in the safetensors format."""
    return bytes(save({"a": torch.ones(2, 3), "b.running_var": torch.ones(2)}))


def read_weights(content: bytes, folder: Path) -> object:
    """Read what a run left."""
    written(folder / MODEL, content)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return read_state(descriptor, forms_of(weights()), len(weights()))
    finally:
        os.close(descriptor)


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def arrays(save_them: Callable[..., None], *values: np.ndarray, **named: np.ndarray) -> bytes:
    """Return what NumPy writes of arrays."""
    packed = BytesIO()
    save_them(packed, *values, **named)
    return packed.getvalue()


def bank() -> bytes:
    """Return a bank of two models, of whose files it knows no more than their names."""
    digest = "0" * 64
    names = [member_of(role, 0, file) for role in ROLES[1:] for file in (MANIFEST, ARRAYS)]
    about = {
        "edition": 1, "kit": {}, "task": "digits", "split_seed": 0, "fingerprint": digest,
        "engine_id": "cpu", "path": {}, "device": "cpu", "secret": digest,
        "roles": dict.fromkeys(ROLES[1:], 1), "sizes": {}, "bank_sha256": None, "machine": {},
        "members": dict.fromkeys([ACCURACIES, *names], digest),
    }  # fmt: skip
    members = dict.fromkeys([ACCURACIES, *names], b"")
    return zipped({ABOUT: json.dumps(about).encode(), **members})


@cache
def entry(file: str) -> bytes:
    """Return a file of an entry of a store."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), seal=Seal("fuzz"))
        store.write(0, {"x": np.ones(3, np.float32)}, {"fact": 1})
        return (store.folder(0) / file).read_bytes()


def read_entry(content: bytes, folder: Path, file: str) -> object:
    """Read an entry of which one file is another."""
    store = Store(folder, seal=Seal("fuzz"))
    for each in (MANIFEST, ARRAYS):
        written(store.folder(0) / each, content if each == file else entry(each))
    return store.manifest(0), store.read(0)


def images() -> bytes:
    """Return three small images."""
    return arrays(np.save, np.arange(48, dtype=np.uint8).reshape(3, 4, 4))


def read_images(content: bytes, folder: Path) -> object:
    """Read a data set whose train images are these."""
    for file in ARRAY_FILES:
        good = images() if "images" in file else arrays(np.save, np.arange(3) % 2)
        written(folder / "mine" / file, content if file == "train_images.npy" else good)
    return load_arrays("mine", folder)


SOURCE = b"def unlearning(net, retain, forget, val):\n    return net\n"
CELL = {"cell_type": "code", "source": SOURCE.decode().splitlines(keepends=True)}

READERS = {
    "status": Reader(
        lambda content, _: read_status(content, is_audit=False),
        lambda: b'{"fault": null}',
        (Unbelievable,),
    ),
    "answer": Reader(
        lambda content, _: read_answer(content),
        lambda: json.dumps(
            {**dict.fromkeys(FIGURES, 1.0), "exit_code": 0, "log": "", "ended": ""}
        ).encode(),
        (Unbelievable,),
    ),
    "weights": Reader(read_weights, weights, ()),
    "entry manifest": Reader(
        lambda content, folder: read_entry(content, folder, MANIFEST),
        lambda: entry(MANIFEST),
        (DamagedEntry,),
    ),
    "entry arrays": Reader(
        lambda content, folder: read_entry(content, folder, ARRAYS),
        lambda: entry(ARRAYS),
        (DamagedEntry,),
    ),
    "record": Reader(
        lambda content, folder: read_record(written(folder / "a.json", content)),
        lambda: json.dumps(make_record().as_dict()).encode(),
        (ScorerError,),
    ),
    "record arrays": Reader(
        lambda content, folder: read_npz(written(folder / "a.npz", content)),
        lambda: arrays(np.savez_compressed, x=np.ones(3)),
        (ScorerError,),
    ),
    "notebook": Reader(
        lambda content, _: read_notebook(content),
        lambda: json.dumps({"cells": [CELL], "nbformat": 4}).encode(),
        (),
    ),
    "submission": Reader(
        lambda content, folder: Submission.read(written(folder / "mine.py", content)),
        lambda: SOURCE,
        (ScorerError,),
    ),
    "handed in": Reader(
        lambda content, folder: read_handed_in(written(folder / "a.py", content).parent, 10**6),
        lambda: SOURCE,
        (),
    ),
    "bank": Reader(
        lambda content, folder: BankFile(written(folder / "a.bank", content)).about,
        bank,
        (ScorerError,),
    ),
    "checkpoints": Reader(
        lambda content, folder: read_member(written(folder / "a.zip", content), MEMBER, 10**6),
        lambda: zipped({MEMBER: b"weights"}),
        (ScorerError,),
    ),
    "images": Reader(
        read_images,
        images,
        (DamagedData,),
    ),
}
"""By name."""
