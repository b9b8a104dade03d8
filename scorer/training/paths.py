"""Which of the two ways to train a task's models takes, chosen by a probe that is kept on disk."""

from __future__ import annotations

import gc
import logging
import os
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn

from scorer.store import Seal, Store, claim, json_sha256, read_or_make
from scorer.training.loop import ModelSeeds, TrainingSet, train_models
from scorer.training.memory import one_does_not_fit
from scorer.training.probe import Timing, probe
from scorer.training.recipe import Recipe
from scorer.training.stacked import is_out_of_memory, train_models_stacked

logger = logging.getLogger("scorer")

NAMES = ("loop", "stacked")

TRAINING_PER_GPU = 1
"""Workers that train on one GPU where nobody says how many: one keeps it busy, and two were no
faster."""


@dataclass(frozen=True)
class TrainingPath:
    """How the models of a task are trained.

    Attributes:
        name: "loop", one model at a time, or "stacked", `k` at once.
        k: models of a group, 1 for the loop.
        device: "cpu", or the model of the GPU such as "nvidia-h200".
        dtype: of the forward pass, "float32" or "bfloat16".
    """

    name: str
    k: int
    device: str
    dtype: str

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"`name` must be one of {NAMES}, got {self.name!r}")
        if self.k < 1:
            raise ValueError(f"`k` must be at least 1, got {self.k}")


class GroupTraining:
    """Trains models on one path, in groups that become smaller where one does not fit in memory.

    Attributes:
        k: models that are trained at once, at most.
    """

    def __init__(self, recipe: Recipe, path: TrainingPath) -> None:
        """Take how models are trained; nothing is.

        Args:
            recipe: of the models.
            path: from `choose_path`.

        Raises:
            ValueError: path and recipe differ in dtype.
        """
        if path.dtype != recipe.dtype:
            raise ValueError(
                f"`path` must have the recipe's dtype {recipe.dtype!r}, got {path.dtype!r}; choose "
                "the path anew"
            )
        self._recipe, self._path = recipe, path
        self.k = path.k

    def train(
        self, data: TrainingSet, seeds: Sequence[ModelSeeds]
    ) -> Iterator[tuple[nn.Module, int]]:
        """Yield a trained model for each entry of `seeds`, and how many were trained at once.

        A group that runs out of memory is trained again in halves, and so are all after it; a
        warning says so, and nothing that was trained is lost.

        Args:
            data: what they are trained on, on the device.
            seeds: in any number.

        Yields:
            Models in eval mode on the data's device, in the order of `seeds`.

        Raises:
            ValueError: path and data differ in device.
            NotStackable: the path is "stacked" and the architecture cannot be.
            ScorerError: not even one model fits in memory.
        """
        device = data.images.device
        if (device.type == "cpu") != (self._path.device == "cpu"):
            raise ValueError(
                f"`path` must be for the device of the data, {device.type!r}, got "
                f"{self._path.device!r}; choose the path anew"
            )
        start = 0
        while start < len(seeds):
            group = seeds[start : start + self.k]
            nets = self._fit(data, group)
            if nets is not None:
                yield from ((net, len(group)) for net in nets)
                start += len(group)
                continue
            # Only here is the error gone, and with it what its frames held.
            gc.collect()
            torch.cuda.empty_cache()
            if len(group) == 1:
                raise one_does_not_fit(
                    self._recipe.architecture, self._recipe.batch_size, device.type
                )
            self.k = len(group) // 2
            logger.warning(
                "%d models of `%s` at once ran out of memory on this %s; they are trained again,"
                " %d at once",
                len(group),
                self._recipe.architecture,
                device.type,
                self.k,
            )

    def _fit(self, data: TrainingSet, seeds: Sequence[ModelSeeds]) -> list[nn.Module] | None:
        """Return the models of one group, None where memory does not hold them."""
        train = train_models if self._path.name == "loop" else train_models_stacked
        try:
            return list(train(data, self._recipe, seeds))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        return None


def train_group(
    data: TrainingSet, recipe: Recipe, seeds: Sequence[ModelSeeds], path: TrainingPath
) -> list[nn.Module]:
    """Return one trained model for each entry of `seeds`; see `GroupTraining`."""
    return [net for net, _ in GroupTraining(recipe, path).train(data, seeds)]


def choose_path(data: TrainingSet, recipe: Recipe, cache_dir: Path) -> TrainingPath:
    """Return the faster path for this recipe on the data's device; see `measured_path`."""
    return measured_path(data, recipe, cache_dir)[0]


def measured_path(
    data: TrainingSet, recipe: Recipe, cache_dir: Path
) -> tuple[TrainingPath, list[Timing]]:
    """Return the faster path for this recipe on the data's device, measured once, and the times.

    The measurement, which takes seconds, is kept in `cache_dir/paths` with its reason, one entry
    for each architecture, image shape, batch size, device and torch release, and read the next
    time. Of several processes that measure at once one's is kept, and all take that.

    Args:
        data: what oracles will be trained on, on the device.
        recipe: of the task.
        cache_dir: created where needed.

    Returns:
        The path, and how fast every path went; no times where there was nothing to choose.
    """
    store, key = _choices(data, recipe, cache_dir)

    def measure() -> None:
        store.repair(1)
        for _ in claim([(store, 0)], 0, 1):
            result = probe(data, recipe)
            path = TrainingPath(
                result.name, result.k, device_slug(data.images.device), recipe.dtype
            )
            facts = {
                "path": asdict(path),
                "reason": result.reason,
                "timings": [asdict(timing) for timing in result.timings],
                "measured_for": key,
            }
            store.write(0, {}, facts)

    facts = read_or_make(measure, lambda: store.manifest(0), lambda: store.repair(1))
    return TrainingPath(**facts["path"]), [Timing(**each) for each in facts["timings"]]


def suggest_path(
    path: TrainingPath, data: TrainingSet, recipe: Recipe, cache_dir: Path, reason: str
) -> TrainingPath:
    """Return the path that is kept for a recipe; where none is, keep this one unmeasured.

    Args:
        path: that models which came from elsewhere were trained by.
        data: as for `choose_path`; a path of another device is not kept.
        recipe: of the task.
        cache_dir: created where needed.
        reason: why it is this one.
    """
    store, key = _choices(data, recipe, cache_dir)
    store.repair(1)
    if path.device == device_slug(data.images.device) and not store.has(0):
        facts = {"path": asdict(path), "reason": reason, "timings": [], "measured_for": key}
        store.write(0, {}, facts)
    return TrainingPath(**store.manifest(0)["path"]) if store.has(0) else path


def engine_id(path: TrainingPath, device: str) -> str:
    """Return the name under which models are kept apart from those of other kernels.

    Args:
        path: how they are trained.
        device: "cpu" or "cuda".

    Returns:
        Such as "cpu-stacked-float32-torch2.14.1" or
        "cuda-nvidia-h200-loop-bfloat16-torch2.11.0". Not k: models of all group sizes mix.
    """
    kind = torch.device(device).type
    name = kind if path.device == kind else f"{kind}-{path.device}"
    return f"{name}-{path.name}-{path.dtype}-torch{_torch_release()}"


def device_slug(device: torch.device) -> str:
    """Return "cpu", or the model of the GPU in lower case with hyphens."""
    if device.type == "cuda":
        return _slug(torch.cuda.get_device_name(device))
    return device.type


def _choices(data: TrainingSet, recipe: Recipe, cache_dir: Path) -> tuple[Store, dict[str, object]]:
    """Return the store of the one choice for a recipe on a device, and what it holds for."""
    key = _probe_key(data, recipe)
    name = f"{recipe.architecture}-{_slug(str(key['device']))}-{json_sha256(key)[:12]}"
    return Store(cache_dir / "paths" / name, seal=Seal(f"paths/{name}")), key


def _probe_key(data: TrainingSet, recipe: Recipe) -> dict[str, object]:
    """Return everything that a measurement holds for."""
    device = data.images.device
    processor = f"{platform.processor() or platform.machine()} x{os.cpu_count()}"
    return {
        "architecture": recipe.architecture,
        "image_shape": list(data.images.shape[1:]),
        "n_classes": data.n_classes,
        "batch_size": min(recipe.batch_size, len(data)),
        "optimizer": recipe.optimizer,
        "augmentation": recipe.augmentation,
        "dtype": recipe.dtype,
        "device": f"cpu {processor}" if device.type == "cpu" else device_slug(device),
        "torch": _torch_release(),
    }


def _torch_release() -> str:
    """Return torch's version without the build."""
    return torch.__version__.split("+")[0]


def _slug(text: str) -> str:
    """Return `text` as lower-case words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
