"""Which training examples are hard: those that models trained without them are least sure of.

Models are trained with the task's own recipe on random halves of the training set, each half and
its complement; the difficulty of an example is the mean logit-scaled confidence over the models
that did not see it (after Feldman & Zhang 2020, arXiv 2008.03703). The result is kept under a key
of everything it depends on.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from data_prep import half_masks, out_of_sample_mean
from scorer.engines.base import Emit, Spec
from scorer.metric.confidence import logit_scaled_confidence
from scorer.store import Seal, Store, claim, json_sha256, read_or_make
from scorer.tasks.forget.base import Material
from scorer.training.loop import ModelSeeds, TrainingSet, predict
from scorer.training.paths import TRAINING_PER_GPU, GroupTraining, TrainingPath, device_slug
from scorer.training.recipe import Recipe


def measure_difficulty(material: Material, train: np.ndarray, n_models: int) -> np.ndarray:
    """Return the mean out-of-sample confidence `(len(train),)` float64; lower is harder.

    Args:
        material: of the task. The models' confidences are kept below its cache folder, so an
            interrupted call goes on.
        train: indices into its data.
        n_models: even; half of them see any one example.
    """
    raw, recipe, options = material.raw, asdict(material.task.recipe), material.options
    identity = {
        "data": raw.content_sha256(),
        "train": hashlib.sha256(train.astype("<i8").tobytes()).hexdigest(),
        "recipe": recipe,
        "n_models": n_models,
    }
    key = json_sha256(identity)
    # Confidences of two kinds of device are never averaged.
    folder = options.cache_dir / "v1" / "difficulty" / f"{key}-{options.torch_device}"
    store, data = _stores(folder)
    labels = raw.labels[train]
    masks = half_masks(labels, n_models, seed=0)
    spec = {
        "folder": str(folder),
        "key": key,
        "recipe": recipe,
        "n_classes": raw.n_classes,
        "device": options.torch_device,
    }

    def make() -> None:
        data.repair(1)
        if not data.has(0):
            data.write(0, {"images": raw.normalised(train), "labels": labels, "masks": masks}, {})
        store.repair(n_models, deep=False)
        material.engine.share(
            "scorer.tasks.difficulty:train_shard",
            spec,
            store.missing(n_models),
            what="difficulty",
            progress=material.progress,
            per_gpu=TRAINING_PER_GPU,
        )

    confidences = read_or_make(
        make,
        lambda: np.stack([store.read(index)["confidence"] for index in range(n_models)]),
        lambda: store.repair(n_models),
    )
    return out_of_sample_mean(confidences, masks)


def _stores(folder: Path) -> tuple[Store, Store]:
    """Return the stores of models and of data, which everybody may make alike."""
    models, data = (
        Store(folder / name, seal=Seal(f"difficulty/{folder.name}/{name}"))
        for name in ("models", "data")
    )
    return models, data


def train_shard(spec: Spec, emit: Emit) -> None:
    """Train the models of one shard and keep each one's confidence on every training example."""
    store, kept = _stores(Path(spec["folder"]))
    recipe = Recipe(**spec["recipe"])
    device = torch.device(spec["device"])
    arrays = kept.read(0)
    images = torch.from_numpy(arrays["images"]).to(device, memory_format=torch.channels_last)
    labels = torch.from_numpy(arrays["labels"]).to(device)
    training = GroupTraining(recipe, TrainingPath("loop", 1, device_slug(device), recipe.dtype))
    for ((_, index),) in claim([(store, i) for i in spec["units"]], spec["start"], 1):
        seen = torch.from_numpy(arrays["masks"][index]).to(device)
        data = TrainingSet(images[seen], labels[seen], spec["n_classes"])
        seeds = ModelSeeds.of(spec["key"], "difficulty", index)
        ((net, _),) = training.train(data, [seeds])
        logits = predict(net, images).cpu().numpy()
        confidence = logit_scaled_confidence(logits, arrays["labels"])
        store.write(index, {"confidence": confidence}, {"key": spec["key"]})
        emit({"index": index})
