"""The default task: real handwritten digits that scikit-learn ships, no download, no GPU."""

from __future__ import annotations

from scorer.tasks.definition import TaskDefinition
from scorer.tasks.forget.hard_random import HardRandom
from scorer.training.recipe import Recipe

DEFINITION = TaskDefinition(
    name="digits",
    summary="scikit-learn's 8x8 handwritten digits, a small ResNet; embedded, the default",
    dataset="digits",
    recipe=Recipe(
        architecture="digits_cnn",
        optimizer="sgd",
        learning_rate=0.12,
        momentum=0.9,
        weight_decay=5e-4,
        schedule="one_cycle",
        warmup=0.25,
        epochs=8,
        batch_size=96,
        augmentation="none",
        class_weights="none",
        dtype="float32",
    ),
    n_val=197,
    n_test=300,
    forget=HardRandom(n_hard=65, n_random=65, n_models=32),
    timeout_s=60.0,
)
