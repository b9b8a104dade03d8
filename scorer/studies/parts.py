"""Parts of a study: made by worker processes, kept, and not made again.

A part is a function of JSON values that returns arrays. What it is kept under is the SHA-256 of its
values, of the files of studies that the function needs and of torch's release. So a study that was
stopped goes on, and one whose code changed does not take up old parts.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from scorer.engines.base import Emit, Spec
from scorer.store import Arrays, Store, claim, json_sha256
from scorer.training.paths import TRAINING_PER_GPU
from scorer.training.recipe import RECIPE_VERSION

if TYPE_CHECKING:
    from scorer.studies.base import Settings

OWN = ("scorer.studies.", "data_prep.plane")
"""Whose files count: those of studies, and the law of simulated data, which has no fingerprint."""


@dataclass(frozen=True)
class Part:
    """One call of a function.

    Attributes:
        function: "package.module:function"; takes `values`, returns arrays by name.
        values: JSON values: everything that decides the result.
    """

    function: str
    values: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Return what the part is kept under."""
        about = {
            "function": self.function,
            "source": sorted(_sources_of(self.function.partition(":")[0]).items()),
            "torch": torch.__version__,
            "recipe_version": RECIPE_VERSION,
            "values": dict(self.values),
        }
        return json_sha256(about)


def make_parts(
    parts: Sequence[Part], settings: Settings, device: str = "cpu"
) -> list[dict[str, np.ndarray]]:
    """Return the arrays of every part in their order, made now where they are not kept.

    Args:
        parts: in any number; long ones are best named first.
        settings: engine, folder and progress are looked at.
        device: that the functions compute on; few workers share a GPU.

    Raises:
        ShardFailed: a function raised, with the last lines of its worker.
    """
    stores = [Store(settings.parts_dir / part.key) for part in parts]
    for store in stores:
        store.repair(1)
    missing = [
        (part.key, part.function, dict(part.values))
        for part, store in zip(parts, stores, strict=True)
        if not store.has(0)
    ]
    settings.engine.share(
        "scorer.studies.parts:make_shard",
        {"folder": str(settings.parts_dir), "device": device},
        missing,
        what="study",
        progress=settings.progress,
        per_gpu=TRAINING_PER_GPU,
    )
    return [store.read(0) for store in stores]


def make_shard(spec: Spec, emit: Emit) -> None:
    """Make the parts of one shard."""
    known = {Path(spec["folder"]) / key: (function, values) for key, function, values in
             spec["units"]}  # fmt: skip
    for ((store, index),) in claim([(Store(root), 0) for root in known], spec["start"], 1):
        function, values = known[store.root]
        arrays: Arrays = pkgutil.resolve_name(function)(values)
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        store.write(index, contiguous, {"function": function})
        emit({"part": store.root.name})


def text_array(text: str) -> np.ndarray:
    """Return a text as an array, as which a part can keep it."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


def text_of(array: np.ndarray) -> str:
    """Return the text of `text_array`."""
    return array.tobytes().decode()


@cache
def _sources_of(module: str) -> dict[str, str]:
    """Return the SHA-256 of a module's file and of the studies' files that it imports, by name."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        file = importlib.import_module(name).__file__
        if name in found or file is None:
            continue
        content = Path(file).read_bytes()
        found[name] = hashlib.sha256(content).hexdigest()
        # At the top alone: what is imported for the type checker does not compute.
        for node in ast.parse(content).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OWN):
                waiting.append(node.module or "")
    return found
