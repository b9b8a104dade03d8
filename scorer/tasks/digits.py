"""The default task: real handwritten digits that scikit-learn ships, no download, no GPU."""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="digits",
    summary="scikit-learn's 8x8 handwritten digits, a small CNN; embedded, the default",
    dataset="digits",
    recipe=Recipe(
        architecture="small_cnn",
        optimizer="sgd",
        learning_rate=0.1,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=13,
        batch_size=80,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    ),
    n_val=197,
    n_test=300,
    # Mostly hard ones: random examples are known nearly as well to models without them.
    forget=HardRandom(n_hard=90, n_random=40, n_models=32),
    timeout_s=60.0,
)
