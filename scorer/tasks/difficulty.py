"""Which training examples are hard: those that models trained without them are least sure of.

Models are trained with the task's own recipe on random halves of the training set, each half and
its complement; the difficulty of an example is the mean logit-scaled confidence over the models
that did not see it (after Feldman & Zhang 2020, arXiv 2008.03703). The result is kept under a key
of everything it depends on.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_prep import RawData, half_masks, out_of_sample_mean
from scorer.engines.base import Emit, Engine, Progress, Spec
from scorer.metric.confidence import logit_scaled_confidence
from scorer.store import Store, claim
from scorer.training.loop import ModelSeeds, TrainingSet, predict, train_models
from scorer.training.recipe import Recipe


def measure_difficulty(
    raw: RawData,
    train: np.ndarray,
    recipe: Recipe,
    n_models: int,
    *,
    device: str,
    cache_dir: Path,
    engine: Engine,
    progress: Progress,
) -> np.ndarray:
    """Return the mean out-of-sample confidence `(len(train),)` float64; lower is harder.

    Args:
        raw: the data set.
        train: indices into it.
        recipe: of the task.
        n_models: even; half of them see any one example.
        device: of the training.
        cache_dir: the models' confidences are kept below it, so an interrupted call goes on.
        engine: trains the models.
        progress: called with ("difficulty", done, total).
    """
    identity = {
        "data": raw.content_sha256(),
        "train": hashlib.sha256(train.astype("<i8").tobytes()).hexdigest(),
        "recipe": recipe.as_dict(),
        "n_models": n_models,
    }
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    folder = cache_dir / "v1" / "difficulty" / key
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "models")
    masks = half_masks(raw.labels[train], n_models, seed=0)
    data = folder / "data.npz"
    if not data.exists():
        temporary = folder / f".tmp-{uuid.uuid4().hex}.npz"
        images, labels = raw.normalised(train), raw.labels[train]
        np.savez(temporary, images=images, labels=labels, masks=masks)
        temporary.replace(data)
    spec: dict[str, Any] = {
        "folder": str(folder),
        "key": key,
        "recipe": recipe.as_dict(),
        "n_classes": raw.n_classes,
        "device": device,
    }
    engine.share(
        "scorer.tasks.difficulty:train_shard",
        spec,
        store.missing(n_models),
        what="difficulty",
        progress=progress,
    )
    confidences = np.stack([store.read(index)["confidence"] for index in range(n_models)])
    return out_of_sample_mean(confidences, masks)


def train_shard(spec: Spec, emit: Emit) -> None:
    """Train the models of one shard and keep each one's confidence on every training example."""
    folder = Path(spec["folder"])
    store = Store(folder / "models")
    recipe = Recipe(**spec["recipe"])
    device = torch.device(spec["device"])
    with np.load(folder / "data.npz") as arrays:
        images = torch.from_numpy(arrays["images"]).to(device)
        labels = torch.from_numpy(arrays["labels"]).to(device)
        masks = torch.from_numpy(arrays["masks"])
    for group in claim([(store, i) for i in spec["units"]], spec["start"], 1):
        for _, index in group:
            seen = masks[index].to(device)
            data = TrainingSet(images[seen], labels[seen], spec["n_classes"])
            (net,) = train_models(data, recipe, [ModelSeeds.of(spec["key"], "difficulty", index)])
            logits = predict(net, images).cpu().numpy()
            confidence = logit_scaled_confidence(logits, labels.cpu().numpy())
            store.write(index, {"confidence": confidence}, {"key": spec["key"]})
            emit({"index": index})
