"""What a submission can find out about examples: who is near them, and what short trainings say.

Networks that were trained without a slice of the retain set tell of examples that the original saw
how sure a network is that did not: a slice is like a forget set whose answer can be computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from baselines.common import Examples, features, predict
from scorer.features.penultimate import described
from scorer.metric.confidence import logit_scaled_confidence
from scorer.oracles.pool import Pool
from scorer.oracles.shard import network
from scorer.studies._compute_models import audited
from scorer.studies._entry_models import variant
from scorer.studies.unlearning import SETS, Unlearning, unlearn
from scorer.training.arithmetic import retraining_multiply_adds
from scorer.training.multiply_adds import MultiplyAdds

N_NEAR = 3
"""Nearest neighbours of a kind, over which distances are averaged."""

N_AROUND = 10
"""Nearest neighbours whose labels are counted."""

LEAST = 1e-6
"""Distance below which two examples are one, so that its logarithm is finite."""


def looked_at(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return what can be found out about examples from one original: a part of the study.

    Args:
        values: `pool` (its spec), `source` of the entry, `original` (its index), `n_rounds` in
            each of which the retain set is divided into `n_slices`.

    Returns:
        For each of "retain", "forget" and "val", here `set`:
        `pixels_set` `(n, 3)`: of `neighbours` among the pixels of retain examples;
        `features_set` `(n, 5)`: the same among what the original's classifier reads, and `place`;
        `without_set` `(n_rounds, n_slices, n)`: confidences of networks that the entry made
        without a slice of retain.
        `slices` int `(n_rounds, n_retain)`: which network of a round did not see an example;
        `shares` `(2,)`: of a retraining's multiply-adds, of looking and of one run of the entry.
    """
    pool = Pool.from_spec(values["pool"])
    task, device = pool.task, torch.device(pool.device)
    net = network(task, device)
    net.load_state_dict(pool.original_weights(values["original"]))
    net.eval()
    sets = {
        name: Examples(task.images(name).to(device), task.labels(name).to(device)) for name in SETS
    }
    with MultiplyAdds() as counter:
        found = look(net, sets, task.n_classes)
    key = f"{task.fingerprint}/entry/without/{values['original']}"
    slices = draw_slices(len(sets["retain"]), values["n_slices"], values["n_rounds"])
    function = variant(values["source"], {})
    found |= without_slices(function, net, sets, slices, key)
    whole = retraining_multiply_adds(task.training_set("retain", device), task.definition.recipe)
    shares = np.array([counter.total, audited(function, net, sets)]) / whole
    return {**found, "slices": slices, "shares": shares}


def without_slices(
    function: Unlearning,
    net: nn.Module,
    sets: Mapping[str, Examples],
    slices: np.ndarray,
    key: str,
) -> dict[str, np.ndarray]:
    """Return `without_set` of `looked_at`.

    Args:
        function: makes the networks, from the original `net`.
        net: left as it is.
        sets: "retain", "forget" and "val".
        slices: from `draw_slices`.
        key: what the seeds are drawn for.
    """
    retain, n_slices = sets["retain"], int(slices.max()) + 1
    found: dict[str, list[np.ndarray]] = {name: [] for name in SETS}
    for number, of_round in enumerate(slices):
        for left_out in range(n_slices):
            kept = torch.from_numpy(np.flatnonzero(of_round != left_out)).to(retain.labels.device)
            seen = {**sets, "retain": Examples(retain.images[kept], retain.labels[kept])}
            (made,) = unlearn(function, net, seen, f"{key}/{number}/{left_out}", 1)
            for name in SETS:
                found[name].append(confidence(made, sets[name]))
    shape = len(slices), n_slices, -1
    return {f"without_{name}": np.stack(each).reshape(shape) for name, each in found.items()}


def draw_slices(n_examples: int, n_slices: int, n_rounds: int) -> np.ndarray:
    """Return which slice each example is in, int64 `(n_rounds, n_examples)`; sizes are equal."""
    generator = np.random.default_rng(0)
    in_turn = np.arange(n_examples) % n_slices
    return np.stack([generator.permutation(in_turn) for _ in range(n_rounds)])


def confidence(net: nn.Module, examples: Examples) -> np.ndarray:
    """Return logit-scaled confidences `(n,)` float64."""
    logits = predict(net, examples.images).cpu().numpy()
    return np.asarray(logit_scaled_confidence(logits, examples.labels.cpu().numpy()))


@torch.no_grad()
def look(net: nn.Module, sets: Mapping[str, Examples], n_classes: int) -> dict[str, np.ndarray]:
    """Return `pixels_set` and `features_set` of `looked_at`."""
    labels = {name: each.labels for name, each in sets.items()}
    pixels = {name: each.images.flatten(1) for name, each in sets.items()}
    read = {name: features(net, each.images) for name, each in sets.items()}
    found = {}
    for name in sets:
        near, in_features = (
            neighbours(
                of[name], labels[name], of["retain"], labels["retain"], is_same=name == "retain"
            )
            for of in (pixels, read)
        )
        described_as = described(read[name], read["retain"], labels["retain"], n_classes)
        found[f"pixels_{name}"] = near.double().cpu().numpy()
        both = torch.cat([in_features, place(described_as, labels[name])], dim=1)
        found[f"features_{name}"] = both.double().cpu().numpy()
    return found


def neighbours(
    read: Tensor, labels: Tensor, kept: Tensor, kept_labels: Tensor, *, is_same: bool
) -> Tensor:
    """Return how near examples of its own and of other labels are to each example.

    Args:
        read: `(n, width)`.
        labels: `(n,)`.
        kept: `(n_kept, width)`, among which neighbours are sought.
        kept_labels: `(n_kept,)`.
        is_same: whether these are the examples themselves, none of which is its own neighbour.

    Returns:
        `(n, 3)`: logarithms of the mean distance to the nearest of its own label and of any
        other, and the share of its own label among the nearest of all. Where there are too few,
        the largest distance stands for those that are missing.
    """
    distances = torch.cdist(read, kept)
    largest = float(distances.max())
    if is_same:
        distances.fill_diagonal_(torch.inf)
    agrees = labels[:, None] == kept_labels
    columns = []
    for is_other in (agrees, ~agrees):
        among = distances.masked_fill(~is_other, torch.inf)
        nearest = among.topk(min(N_NEAR, len(kept)), largest=False).values.clamp(max=largest)
        columns.append(nearest.mean(dim=1).clamp(min=LEAST).log())
    around = distances.topk(min(N_AROUND, len(kept)), largest=False).indices
    columns.append(agrees.gather(1, around).to(read.dtype).mean(dim=1))
    return torch.stack(columns, dim=1)


def place(described_as: Tensor, labels: Tensor) -> Tensor:
    """Return the cosine to the mean of its own class less the largest other one, and the length.

    Args:
        described_as: `(n, n_classes + 1)` from `scorer.features.penultimate.described`.
        labels: `(n,)`.
    """
    cosines, length = described_as[:, :-1], described_as[:, -1:]
    own = cosines.gather(1, labels[:, None])
    other = cosines.scatter(1, labels[:, None], -torch.inf).amax(dim=1, keepdim=True)
    return torch.cat([own - other, length], dim=1)
