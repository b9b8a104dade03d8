"""A recipe: everything besides data and seed that decides which distribution a model comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

RECIPE_VERSION = 3
"""Raised whenever the code changes what the same recipe yields; part of every fingerprint."""


@dataclass(frozen=True)
class Recipe:
    """How one model is trained. Every field changes the fingerprint; none has a silent default.

    Attributes:
        architecture: a name in `scorer.training.models.ARCHITECTURES`, or one with sizes in it, see
            `scorer.training.families`.
        optimizer: "sgd" (Nesterov when momentum > 0) or "adam" (momentum is then its beta1).
        learning_rate: peak of the schedule.
        momentum: in [0, 1).
        weight_decay: coefficient on all parameters, in the optimiser's own sense.
        schedule: "one_cycle" (linear up over `warmup`, linear down to 0) or "cosine" (down to 0).
        warmup: share of all steps, in [0, 1).
        epochs: passes over the training set.
        batch_size: examples a step; an incomplete last batch is dropped.
        augmentation: a name in `scorer.training.augment.AUGMENTATIONS`.
        class_weights: "none", or "inverse_count" for a loss weighted by 1 / class count.
        dtype: "float32" or "bfloat16" (autocast; weights stay float32).
        version: of the training code.
    """

    architecture: str
    optimizer: str
    learning_rate: float
    momentum: float
    weight_decay: float
    schedule: str
    warmup: float
    epochs: int
    batch_size: int
    augmentation: str
    class_weights: str
    dtype: str
    version: int = RECIPE_VERSION

    def __post_init__(self) -> None:
        choices = {
            "optimizer": ("sgd", "adam"),
            "schedule": ("one_cycle", "cosine"),
            "class_weights": ("none", "inverse_count"),
            "dtype": ("float32", "bfloat16"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"`{name}` must be one of {allowed}, got {getattr(self, name)!r}")
        for name in ("learning_rate", "epochs", "batch_size"):
            if getattr(self, name) <= 0:
                raise ValueError(f"`{name}` must be positive, got {getattr(self, name)}")
        if self.weight_decay < 0:
            raise ValueError(f"`weight_decay` must not be negative, got {self.weight_decay}")
        for name in ("momentum", "warmup"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be in [0, 1), got {getattr(self, name)}")

    def n_steps(self, n_examples: int) -> int:
        """Return the number of optimiser steps over a training set of `n_examples`."""
        return self.epochs * steps_per_epoch(n_examples, self.batch_size)


def steps_per_epoch(n_examples: int, batch_size: int) -> int:
    """Return the number of complete batches; one of all examples where there are fewer."""
    return max(1, n_examples // batch_size)


def seed_of(secret: str, role: str, index: int, stream: str) -> int:
    """Return the 63-bit seed of one random stream of one model.

    Hashing keeps the streams of neighbouring models and of other roles apart, which seeds of the
    form `base + index` do not. Whoever knows seeds of some models learns nothing of the others:
    the 63 bits are a part of a SHA-256 that begins with the secret.

    Args:
        secret: what only the kit knows, 64 hexadecimal digits of `scorer.secret`; or, where
            everybody may make the same models (difficulty, tests), any public text.
        role: "original", "oracle", "control", "retrain", "difficulty", "unlearn", "audit" or
            "reference".
        index: which model, counted from 0.
        stream: "init", "order", "augment" or "run".
    """
    text = f"{secret}/{role}/{index}/{stream}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1
